/** As much of OpenAPI 3.1 as we write (spec.openapis.org/oas/v3.1.0). */
export type Reference = Readonly<{ $ref: string; description?: string }>;

export type ParameterObject = Readonly<{
  name: string;
  in: string;
  description: string;
  required?: boolean;
  schema: object;
  example?: string;
}>;

export type MediaTypes = Readonly<Record<string, Readonly<{ schema?: object; example?: object }>>>;

export type ResponseObject = Readonly<{
  description: string;
  headers?: object;
  content: MediaTypes;
}>;

export type OperationObject = Readonly<{
  operationId: string;
  tags: readonly string[];
  summary: string;
  description?: string;
  /** Empty if no key is needed. */
  security?: readonly object[];
  "x-lan-only"?: boolean;
  parameters?: readonly (ParameterObject | Reference)[];
  requestBody?: Readonly<{ required: boolean; content: MediaTypes }>;
  responses: Readonly<Record<string, ResponseObject | Reference>>;
}>;

export type Components = Readonly<{
  schemas: Readonly<Record<string, object>>;
  headers: Readonly<Record<string, object>>;
  parameters: Readonly<Record<string, ParameterObject>>;
  securitySchemes: Readonly<Record<string, object>>;
  responses: Readonly<Record<string, ResponseObject>>;
}>;

export type OpenApi = Readonly<{
  openapi: string;
  info: Readonly<{ title: string; version: string; description: string }>;
  servers: readonly Readonly<{ url: string }>[];
  security: readonly object[];
  tags: readonly Readonly<{ name: string }>[];
  paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  components: Components;
}>;
