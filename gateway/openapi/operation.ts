/** The API family of a client, which decides the form of its errors. */
export type ErrorForm = "OpenAi" | "Anthropic" | "Gemini" | "OpenRouter";

/** A parameter that is particular to one operation. */
export type Parameter = Readonly<{
  name: string;
  in: "path" | "query";
  about: string;
  /** A parameter of the query that must be there; those of a path always must. */
  isRequired?: true;
  /** JSON Schema; a text where absent. */
  schema?: object;
  example?: string;
}>;

/** What comes back when all went well. */
export type AnswerForm = Readonly<{
  about: string;
  /** Where it is not 200. */
  status?: number;
  /** A name in the schemas; none where the answer is no JSON. */
  schema?: string;
  /** Where it is no JSON. */
  type?: string;
  /** A name in the schemas: what one event of the stream holds. */
  event?: string;
  /** Also, or only, server-sent events. */
  streams?: "also" | "only";
}>;

/** One method on one path, as the document describes it. */
export type Operation = Readonly<{
  method: "get" | "post" | "patch" | "delete";
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /**
   * `anyone`: without a key, from outside too; `lan`: everyone on the LAN, without a key; `admin`: an
   * administrator on the LAN.
   */
  access: "key" | "anyone" | "lan" | "admin";
  errors: ErrorForm;
  /** It waits in line, and has a row in the ledger. */
  generates?: true;
  parameters?: readonly Parameter[];
  body?: Readonly<{ schema: string; example: object }>;
  answer: AnswerForm;
}>;
