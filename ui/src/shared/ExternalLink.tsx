import { Anchor, CopyButton } from "@mantine/core";
import type { ReactNode } from "react";
import { platform } from "../platform";

interface ExternalLinkProps {
  href: string;
  children: ReactNode;
}

/** A page in the web. The desktop window opens no foreign pages: there, a click copies the address. */
export function ExternalLink({ href, children }: ExternalLinkProps) {
  if (!/^https?:\/\//i.test(href)) return <>{children}</>;
  if (platform.kind === "browser") {
    return (
      <Anchor href={href} target="_blank" rel="noopener noreferrer" inherit>
        {children}
      </Anchor>
    );
  }
  return (
    <CopyButton value={href}>
      {({ copied, copy }) => (
        <Anchor component="button" type="button" inherit onClick={copy} title={`Copy ${href}`}>
          {children}
          {copied && " (address copied)"}
        </Anchor>
      )}
    </CopyButton>
  );
}
