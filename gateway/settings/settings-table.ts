import { type PlainSettings, plainTable } from "./plain-table.ts";
import { type LimitsSection, limitsSection } from "./read-limits.ts";
import { type MiddlewareSettings, middlewaresSection } from "./read-middlewares.ts";
import { type ModelSettings, modelsSection } from "./read-models.ts";
import { type RouteSettings, routesSection } from "./read-routes.ts";
import { upstreamsSection } from "./read-upstreams.ts";
import type { SectionSetting, Setting } from "./setting.ts";
import type { UpstreamSettings } from "./upstream-members.ts";

/** The values of the sections. */
type Sections = {
  readonly limits: LimitsSection;
  readonly middlewares: readonly MiddlewareSettings[];
  readonly upstreams: readonly UpstreamSettings[];
  readonly routes: readonly RouteSettings[];
  readonly models: readonly ModelSettings[];
};

/** The sections of the config file. Each reads the plain settings, and the sections above it. */
const sectionTable: { readonly [Name in keyof Sections]: SectionSetting<Sections[Name]> } = {
  limits: {
    env: "LIMITS",
    about: "more limits, for everybody and by role; they always count",
    section: limitsSection,
    default: "off",
    example: '{"roles":{"admin":{"tokens":null}}}',
  },
  middlewares: {
    env: "MIDDLEWARES",
    about: "additional steps for every request: auth, rate_limit, trace, your own files",
    section: middlewaresSection,
    default: "off",
    example: '["trace"]',
  },
  upstreams: {
    env: "UPSTREAMS",
    about: "servers by name, beside UPSTREAM_URL",
    section: upstreamsSection,
    default: "off",
    example: '{"gpu1":"http://192.168.1.5:8080"}',
  },
  routes: {
    env: "ROUTES",
    about: "which models go to which upstreams; the first route that matches counts",
    section: routesSection,
    default: "off",
    example: '[{"model":"gpt-*","upstream":"openai"}]',
  },
  models: {
    env: "MODELS",
    about: "facts about models: context length, price, how many run at once",
    section: modelsSection,
    default: "off",
    example: '{"qwen*":{"context_length":32768}}',
  },
};

/** Every setting: the one place for its names, kind, default and help. */
export const settingsTable: typeof plainTable & typeof sectionTable = {
  ...plainTable,
  ...sectionTable,
};

/** The settings in force, deeply frozen. null is off or not set; sizes in bytes, times in ms. */
export type Settings = PlainSettings & Sections;

/** The same as a list, with the name of each in Settings. */
export const allSettings: readonly (readonly [string, Setting])[] = Object.entries(settingsTable);
