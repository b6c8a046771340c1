import { Menu } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import type { Bounds } from "./types";

interface Props {
  /** The place on the canvas that the menu belongs to. */
  bounds: Bounds;
  /** Names the menu for screen readers. */
  label: string;
  onClose(): void;
  children: ReactNode;
}

/** An open menu at a place on the grid; the keyboard returns to the grid when it closes. */
export function ColumnMenu({ bounds, label, onClose, children }: Props) {
  const { x: left, y: top, width, height } = bounds;
  useFocusBack();
  useEscape(onClose);
  return (
    <Menu opened onChange={onClose} position="bottom-start" width={240}>
      <Menu.Target>
        <div style={{ position: "fixed", pointerEvents: "none", left, top, width, height }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={label} mah={420} style={{ overflowY: "auto" }}>
        {children}
      </Menu.Dropdown>
    </Menu>
  );
}

/** The menu takes the focus only after a moment; Escape must close it before that too. */
function useEscape(close: () => void) {
  useEffect(() => {
    const closeOnEscape = ({ key }: KeyboardEvent) => {
      if (key === "Escape") close();
    };
    window.addEventListener("keydown", closeOnEscape, true);
    return () => window.removeEventListener("keydown", closeOnEscape, true);
  }, [close]);
}

function useFocusBack() {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
}
