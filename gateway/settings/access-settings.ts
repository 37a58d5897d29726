/** The settings of who may, and how much. null is off or not set; times in ms. */
export type AccessSettings = {
  readonly enableRateLimiting: boolean;
  readonly rateLimitWindowMs: number;
  readonly maxTokens: number | null;
  readonly maxRequests: number | null;
  readonly maxTokensPerDay: number | null;
  readonly maxTokensPerMonth: number | null;
  readonly maxUpstreamSeconds: number | null;
  readonly rateLimitMode: "refuse" | "slow";
  /** Further limits as they were written: for everybody, and by role. */
  readonly limits: LimitsSection;
  /** Addresses and networks (`10.0.0.0/8`). */
  readonly trustedProxies: readonly string[];
  /** Lower case. */
  readonly userHeader: string | null;
  readonly publicAdmin: boolean;
  readonly maxConnectionsPerAddress: number | null;
  /** Origins; `["*"]` is any, none is off. */
  readonly corsOrigins: readonly string[];
  readonly jwtJwksUrl: string | null;
  readonly jwtSecret: string | null;
  readonly jwtIssuer: string | null;
  readonly jwtAudience: string | null;
  readonly jwtAlgorithms: readonly string[];
  readonly jwtUserClaim: string;
  readonly jwtRoleClaim: string | null;
  readonly jwtClockSkewMs: number;
  /** The team's origin: `https://name.cloudflareaccess.com`. */
  readonly cfAccessTeam: string | null;
  readonly cfAccessAud: string | null;
  readonly cfAccessRequired: "off" | "with_key" | "instead_of_key";
};

export type LimitsSection = {
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly roles: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};
