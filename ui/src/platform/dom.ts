import type { OpenedText } from "./types";

/** Opens the file chooser of the page; empty when cancelled. */
export function chooseFiles(options: { accept?: string; multiple?: boolean }): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = options.accept ?? "";
    input.multiple = options.multiple ?? false;
    input.addEventListener("change", () => resolve([...(input.files ?? [])]));
    input.addEventListener("cancel", () => resolve([]));
    input.click();
  });
}

/** Lets the user choose a text file and reads it. */
export async function openText(accept: string): Promise<OpenedText | null> {
  const [file] = await chooseFiles({ accept });
  return file ? { name: file.name, text: await file.text() } : null;
}

/** Lets the page follow an address as a download. */
export function follow(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.click();
}
