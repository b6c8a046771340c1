// `npm run gen`: writes every generated file again (TypeScript types, schemas, tables in the docs, the sample data).

import { compile } from "./cargo.mjs";
import { environment, fail, show } from "./environment.mjs";
import { setup } from "./setup.mjs";

await setup();
const test = ["test", "--workspace", "--test", "it"];
const { code } = await compile([...test, "--no-run"], { dev: true });
const made =
  code === 0 &&
  (await show("cargo", [...test, "generated"], { env: { ...environment, PULSE_REGENERATE: "1" } })) === 0 &&
  (await show("node", ["datasets/generate.mjs"])) === 0;
if (!made) fail("The generated files could not be written.", "The first error above says why.");
