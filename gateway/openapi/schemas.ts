import type { z } from "zod";

/** Shapes by the name they have in the document. */
export type Schemas = Readonly<Record<string, z.ZodType>>;
