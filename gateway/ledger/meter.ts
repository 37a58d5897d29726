import { carriesToken, carriesUsage, isErrorEvent } from "../dialects/stream-events.ts";
import { createUsageReader, type Reading } from "../dialects/usage.ts";
