import { marked, type Token } from "marked";
import { Fragment, type ReactNode, useMemo } from "react";
import { ExternalLink } from "./ExternalLink";
import classes from "./Markdown.module.css";

/** A foreign text in Markdown. Only its structure is drawn: no HTML of it reaches the page, no picture is fetched. */
export function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => marked.lexer(text, { gfm: true }), [text]);
  return <div className={classes.markdown}>{drawAll(tokens)}</div>;
}

function drawAll(tokens: readonly Token[] | undefined): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other name than their place.
  return tokens?.map((token, at) => <Fragment key={at}>{draw(token)}</Fragment>);
}

function draw(token: Token): ReactNode {
  const inner = token.tokens ? drawAll(token.tokens) : plain(token.text ?? "");
  switch (token.type) {
    case "heading":
      return <p className={classes.heading}>{inner}</p>;
    case "paragraph":
      return <p>{inner}</p>;
    case "list": {
      const items = drawItems(token.items ?? []);
      return token.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case "blockquote":
      return <blockquote>{inner}</blockquote>;
    case "code":
      return <pre>{plain(token.text ?? "")}</pre>;
    case "codespan":
      return <code>{plain(token.text ?? "")}</code>;
    case "strong":
      return <strong>{inner}</strong>;
    case "em":
      return <em>{inner}</em>;
    case "del":
      return <del>{inner}</del>;
    case "link":
      return <ExternalLink href={token.href ?? ""}>{inner}</ExternalLink>;
    case "br":
      return <br />;
    case "hr":
      return <hr />;
    case "table":
      return <Rows header={token.header ?? []} rows={token.rows ?? []} />;
    case "html":
      return plain((token.text ?? "").replace(/<[^>]*>/g, ""));
    case "space":
    case "def":
      return null;
    default:
      return inner;
  }
}

function drawItems(items: readonly Token[]): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: items have no other name than their place.
  return items.map((item, at) => <li key={at}>{drawAll(item.tokens)}</li>);
}

function Rows({ header, rows }: { header: Token[]; rows: Token[][] }) {
  return (
    <table>
      <thead>
        <tr>
          {header.map((cell, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other name than their place.
            <th key={at}>{drawAll(cell.tokens)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name than their place.
          <tr key={at}>
            {row.map((cell, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other name than their place.
              <td key={column}>{drawAll(cell.tokens)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: "\u00a0" };

/** The lexer writes texts as HTML writes them; React wants them as they are. */
function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => ENTITIES[name] ?? "");
}
