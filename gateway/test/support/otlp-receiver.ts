import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import protobuf from "protobufjs";

/** The part of OpenTelemetry's protocol (proto3, v1) that is read here, by its own numbers. */
const proto = `
syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scope { string name = 1; string version = 2; }
message Status { string message = 2; int32 code = 3; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15;
}
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Traces { repeated ResourceSpans resource_spans = 1; }
message NumberPoint { fixed64 time_unix_nano = 3; double as_double = 4; sfixed64 as_int = 6; repeated KeyValue attributes = 7; }
message HistogramPoint {
  fixed64 count = 4; optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7;
  repeated KeyValue attributes = 9;
}
message Gauge { repeated NumberPoint data_points = 1; }
message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
message Metric { string name = 1; string unit = 3; Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Metrics { repeated ResourceMetrics resource_metrics = 1; }
`;

const { root } = protobuf.parse(proto);

type Attributes = Record<string, string | number | boolean>;

export type ReceivedSpan = {
  traceId: string;
  spanId: string;
  /** `""` for a root. */
  parentId: string;
  name: string;
  /** 1 internal, 2 server, 3 client. */
  kind: number;
  /** Nanoseconds since the epoch. */
  from: bigint;
  to: bigint;
  attributes: Attributes;
  /** 2 is an error. */
  status: number;
};

export type ReceivedPoint = {
  attributes: Attributes;
  /** A gauge's or a sum's. */
  value: number | null;
  /** A histogram's. */
  count: number;
  sum: number;
  buckets: number[];
  bounds: number[];
};

export type ReceivedMetric = { name: string; unit: string; kind: string; points: ReceivedPoint[] };

export type OtlpReceiver = {
  url: string;
  spans: ReceivedSpan[];
  /** The latest of each name. */
  metrics: Map<string, ReceivedMetric>;
  /** The attributes of the resource that sent last. */
  resource(): Attributes;
  /** Each request, as it came. */
  requests: { path: string; headers: IncomingHttpHeaders; body: Buffer }[];
  /** Answers with another status from now on; only with 200 is anything taken. */
  answer(status: number): void;
  close(): Promise<void>;
};

type Raw = Record<string, unknown>;

const plain = (type: string, body: Buffer): Raw => {
  const message = root.lookupType(type);
  const options = { longs: String, bytes: String, defaults: false, arrays: true };
  return message.toObject(message.decode(body), options) as Raw;
};

const listOf = (raw: Raw | undefined, name: string): Raw[] => (raw?.[name] ?? []) as Raw[];
const hex = (base64: unknown): string =>
  Buffer.from(String(base64 ?? ""), "base64").toString("hex");

const attributesOf = (raw: Raw | undefined): Attributes =>
  Object.fromEntries(
    listOf(raw, "attributes").map(({ key, value }) => {
      const { intValue, ...other } = (value ?? {}) as Raw;
      const known = intValue === undefined ? Object.values(other)[0] : Number(intValue);
      return [String(key), known as string | number | boolean];
    }),
  );

const spanOf = (raw: Raw): ReceivedSpan => ({
  traceId: hex(raw.traceId),
  spanId: hex(raw.spanId),
  parentId: hex(raw.parentSpanId),
  name: String(raw.name),
  kind: Number(raw.kind),
  from: BigInt(String(raw.startTimeUnixNano)),
  to: BigInt(String(raw.endTimeUnixNano)),
  attributes: attributesOf(raw),
  status: Number((raw.status as Raw | undefined)?.code ?? 0),
});

const pointOf = (raw: Raw): ReceivedPoint => ({
  attributes: attributesOf(raw),
  value:
    raw.asDouble === undefined && raw.asInt === undefined
      ? null
      : Number(raw.asDouble ?? raw.asInt),
  count: Number(raw.count ?? 0),
  sum: Number(raw.sum ?? 0),
  buckets: ((raw.bucketCounts ?? []) as unknown[]).map(Number),
  bounds: (raw.explicitBounds ?? []) as number[],
});

function metricOf(raw: Raw): ReceivedMetric {
  const kind = ["gauge", "sum", "histogram"].find((one) => raw[one] !== undefined) ?? "none";
  const points = listOf(raw[kind] as Raw | undefined, "dataPoints").map(pointOf);
  return { name: String(raw.name), unit: String(raw.unit ?? ""), kind, points };
}

/** An OpenTelemetry collector on 127.0.0.1 that decodes what it gets. */
export async function startOtlpReceiver(status = 200): Promise<OtlpReceiver> {
  let answered = status;
  const requests: OtlpReceiver["requests"] = [];
  const spans: ReceivedSpan[] = [];
  const metrics = new Map<string, ReceivedMetric>();
  let resource: Attributes = {};

  function take(path: string, body: Buffer): void {
    const [type, resources, scopes] =
      path === "/v1/traces"
        ? ["Traces", "resourceSpans", "scopeSpans"]
        : ["Metrics", "resourceMetrics", "scopeMetrics"];
    for (const one of listOf(plain(type, body), resources)) {
      resource = attributesOf(one.resource as Raw | undefined);
      for (const scope of listOf(one, scopes)) {
        spans.push(...listOf(scope, "spans").map(spanOf));
        for (const metric of listOf(scope, "metrics").map(metricOf))
          metrics.set(metric.name, metric);
      }
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const path = request.url ?? "";
      requests.push({ path, headers: request.headers, body });
      const isZipped = request.headers["content-encoding"] === "gzip";
      if (answered === 200) take(path, isZipped ? gunzipSync(body) : body);
      response.writeHead(answered, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    metrics,
    resource: () => resource,
    requests,
    answer: (next) => {
      answered = next;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
