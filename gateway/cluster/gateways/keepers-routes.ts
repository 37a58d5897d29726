/** A route of the gateway's own, as the API's description names it. */
type OwnRoute = readonly [method: "get" | "post" | "patch" | "delete", path: string];

const sees = "the keeper alone knows who waits and who runs";
const counts = "the keeper alone knows how much of a limit is used now";

/** What only the keeper can answer, and why. Any other gateway asks it. */
export const keepersRoutes: readonly (readonly [...OwnRoute, why: string])[] = [
  ["get", "/queue", sees],
  ["get", "/queue/events", sees],
  ["delete", "/queue/{id}", "the keeper can stop what runs at any gateway"],
  ["post", "/queue/pause", "there is one queue"],
  ["post", "/queue/resume", "there is one queue"],
  ["post", "/queue/drain", "there is one queue"],
  ["get", "/fairness", "the keeper alone knows who got which slots"],
  ["get", "/upstreams", "it shows which slots are in use"],
  ["get", "/wall.json", "it shows free slots, and how many wait"],
  ["get", "/limits", counts],
  ["get", "/me", `it shows the limits: ${counts}`],
  ["get", "/api/v1/key", `it shows the limits: ${counts}`],
  ["get", "/api/v1/auth/key", `it shows the limits: ${counts}`],
  ["get", "/api/v1/credits", `it shows the limits: ${counts}`],
];

/** `GET /queue`, without the `{id}` of a path. */
const exactly = new Set(
  keepersRoutes.flatMap(([method, path]) => {
    const asked = `${method.toUpperCase()} ${path}`;
    return path.includes("{") ? [] : method === "get" ? [asked, `HEAD ${path}`] : [asked];
  }),
);

/** Whether only the keeper can answer this. `path` is without a query. */
export const isKeepers = (method: string | undefined, path: string): boolean =>
  exactly.has(`${method} ${path}`) || (method === "DELETE" && /^\/queue\/[^/]+$/.test(path));
