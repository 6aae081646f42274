import type { serviceForTests } from "../../testing/service/in-process.ts";

interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly required?: boolean;
  readonly example?: unknown;
  readonly schema?: { readonly example?: unknown };
}

interface Operation {
  readonly parameters?: ReadonlyArray<Parameter>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: object }>> };
}

/** A documented route, and how it is asked about a project. */
export interface WalkedRoute {
  /** `get /v1/projects/{id}` */
  readonly name: string;
  readonly method: string;
  readonly path: (project: string) => string;
  readonly body: (project: string) => object | undefined;
}

const routeOf = (path: string, method: string, { parameters = [], requestBody }: Operation): WalkedRoute => {
  const example = requestBody?.content["application/json"]?.example;
  const isOfProject = path.startsWith("/v1/projects");
  const inBody = example !== undefined && !isOfProject && method === "post";
  return {
    name: `${method} ${path}`,
    method: method.toUpperCase(),
    path: (project) => {
      const query = new URLSearchParams();
      let url = path;
      for (const { name, in: place, required, example: own, schema } of parameters) {
        const value = own ?? schema?.example;
        if (place === "path")
          url = url.replace(`{${name}}`, isOfProject && name === "id" ? project : "nobody");
        if (place === "query" && required === true && value !== undefined) query.set(name, String(value));
      }
      if (!isOfProject && !inBody && !path.startsWith("/v1/auth")) query.set("project", project);
      return `${url}?${query}`;
    },
    body: (project) => (inBody && !path.startsWith("/v1/auth") ? { ...example, project } : example),
  };
};

/** Every route of the API document. */
export const documentedRoutes = async (
  service: ReturnType<typeof serviceForTests>,
): Promise<ReadonlyArray<WalkedRoute>> => {
  const { body } = await service.request<{
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  }>("/docs/json");
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => routeOf(path, method, operation)),
  );
};
