import { Spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { EmptyState } from "../shared/EmptyState";
import { find } from "./findEntries";
import { useSearchEntries } from "./useSearchEntries";

/** How many answers are shown at the most; more words find the rest. */
const LIMIT = 12;

/** Ctrl-K: every page, table, column and action. */
export function Search({ onJobs }: { onJobs(): void }) {
  const [query, setQuery] = useState("");
  const [opened, setOpened] = useState(false);
  const entries = useSearchEntries(opened, onJobs);
  const found = find(entries, query, LIMIT);
  return (
    <Spotlight.Root
      query={query}
      onQueryChange={setQuery}
      onSpotlightOpen={() => setOpened(true)}
      onSpotlightClose={() => setOpened(false)}
      shortcut={["mod + K"]}
      tagsToIgnore={[]}
      triggerOnContentEditable
      scrollable
      maxHeight={480}
      overlayProps={{ backgroundOpacity: 0.35, blur: 0 }}
      transitionProps={{ duration: 60 }}
    >
      <Spotlight.Search
        placeholder="A page, a table, a column, or what to do"
        aria-label="Search"
        leftSection={<IconSearch size={18} stroke={1.6} />}
      />
      <Spotlight.ActionsList>
        {found.map(({ id, label, description, icon: Icon, run }) => (
          <Spotlight.Action
            key={id}
            label={label}
            description={description}
            leftSection={<Icon size={18} stroke={1.6} />}
            onClick={run}
          />
        ))}
        {found.length === 0 && (
          <Spotlight.Empty>
            <EmptyState title="Nothing has that name">Try a part of the name, or fewer words.</EmptyState>
          </Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
