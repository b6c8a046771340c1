import { describe, expect, it } from "vitest";
import { responseFields, withMember } from "./responsePath";
import { completed, type FormSchema, initial } from "./schema";
import { writesSecret } from "./secrets";

const secret: FormSchema = { type: "string", default: "", "x-secret": true };
const settings: FormSchema = {
  type: "object",
  properties: {
    host: { type: "string", default: "localhost" },
    verify_tls: { type: "boolean", default: true },
    password: secret,
    key: { anyOf: [secret, { type: "null" }] },
    auth: {
      default: { kind: "none" },
      oneOf: [
        { type: "object", properties: { kind: { const: "none" } } },
        { type: "object", properties: { kind: { const: "bearer" }, token: secret, header: { default: "A" } } },
      ],
    },
  },
};

describe("a form that was saved before", () => {
  it("is completed with what is missing and keeps the rest, secrets empty", () => {
    expect(completed(settings, { host: "db", auth: { kind: "bearer" }, other: 1 })).toEqual({
      host: "db",
      verify_tls: true,
      password: "",
      key: "",
      auth: { kind: "bearer", token: "", header: "A" },
      other: 1,
    });
  });

  it("starts with its defaults, never with a null that would remove a secret", () => {
    expect(initial(settings)).toMatchObject({ password: "", key: "", auth: { kind: "none" } });
    expect(initial({ type: ["string", "null"], "x-secret": true })).toBe("");
  });

  it.each([
    [{ password: "" }, false],
    [{ password: null, auth: { kind: "bearer", token: "" } }, false],
    [{ password: "p" }, true],
    [{ auth: { kind: "bearer", token: "t" } }, true],
    [{ host: "h" }, false],
  ])("with %j writes a secret: %s", (value, writes) => expect(writesSecret(settings, value)).toBe(writes));
});

describe("fields that name a place in a response", () => {
  const schema: FormSchema = {
    properties: {
      records: { type: "string", "x-response-path": "list" },
      hidden: { type: "string", "x-response-path": true, "x-depends-on": { field: "on", values: [true] } },
      paging: {
        oneOf: [
          { properties: { kind: { const: "none" } } },
          {
            properties: { kind: { const: "cursor" }, next_url: { type: ["string", "null"], "x-response-path": true } },
          },
        ],
      },
    },
  };

  it("are found where they are shown, also in the variant that is chosen", () => {
    const found = responseFields(schema, { records: "data", paging: { kind: "cursor", next_url: null } });
    expect(found).toEqual([
      { path: "records", label: "Records", takes: "list", value: "data" },
      { path: "paging.next_url", label: "Next URL", takes: "any", value: "" },
    ]);
    expect(responseFields(schema, { paging: { kind: "none" } }).map(({ path }) => path)).toEqual(["records"]);
  });

  it("are set by their path without touching what is around", () => {
    expect(withMember({ a: { b: 1, c: 2 }, d: 3 }, "a.b", 9)).toEqual({ a: { b: 9, c: 2 }, d: 3 });
    expect(withMember({}, "a.b", 9)).toEqual({ a: { b: 9 } });
  });
});
