import { Title } from "@mantine/core";
import { JobList } from "./JobList";
import classes from "./JobList.module.css";

/** What runs and what ran. */
export default function JobsPage() {
  return (
    <div className={classes.page}>
      <Title order={1} mb="md">
        Jobs
      </Title>
      <JobList />
    </div>
  );
}
