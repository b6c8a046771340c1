import { Fragment } from "react";
import { ExternalLink } from "./ExternalLink";
import { Prose } from "./Prose";

/** An address in a sentence; the stop or bracket behind it is none of it, nor are backticks around it. */
const ADDRESS = /`?(https?:\/\/[^\s`<>"]*[^\s`<>".,;:!?)\]])`?/;

/** A sentence from the engine whose web addresses can be followed. */
export function Linked({ text }: { text: string }) {
  return text.split(ADDRESS).map((part, at) => {
    const key = `${at} ${part}`;
    return at % 2 === 1 ? (
      <ExternalLink key={key} href={part}>
        {part}
      </ExternalLink>
    ) : (
      <Fragment key={key}>
        <Prose text={part} />
      </Fragment>
    );
  });
}
