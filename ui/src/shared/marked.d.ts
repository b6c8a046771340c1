/** The part of marked that the window uses: its lexer, whose tokens are drawn without any HTML. */
declare module "marked" {
  export interface Token {
    type: string;
    raw: string;
    text?: string;
    tokens?: Token[];
    depth?: number;
    ordered?: boolean;
    items?: Token[];
    href?: string;
    header?: Token[];
    rows?: Token[][];
  }
  export const marked: { lexer(text: string, options?: { gfm?: boolean }): Token[] };
}
