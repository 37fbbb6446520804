/** What the API's document says of an operation, as types: path, query, body and result. */

import type { paths } from "./generated/openapi.js";

/** A path of the document, such as `/v1/accounts/{account}`. */
export type Path = keyof paths;

/** A method that the document has for this path. */
export type MethodOf<P extends Path> = {
  [M in Method]: paths[P] extends { [K in Lowercase<M>]: object } ? M : never;
}[Method];

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type Operation<P extends Path, M extends Method> = paths[P] extends { [K in Lowercase<M>]: infer O }
  ? O
  : never;

/** The parameters in the path; an empty object if there are none. */
type PathParametersOf<O> = O extends { parameters: { path: infer Parameters } }
  ? Parameters
  : Record<never, never>;

/** The query's parameters. */
export type QueryOf<O> = O extends { parameters: { query?: infer Query } } ? NonNullable<Query> : never;

type BodyOf<O> = O extends { requestBody?: infer Body }
  ? NonNullable<Body> extends { content: { "application/json": infer Json } }
    ? Json
    : never
  : never;

type JsonOf<Response> = Response extends { content: { "application/json": infer Json } } ? Json : undefined;

/** The body of a successful response; undefined if it has none. */
export type ResultOf<O> = O extends { responses: infer Responses }
  ? { [Status in keyof Responses & (200 | 201 | 202 | 204)]: JsonOf<Responses[Status]> }[keyof Responses &
      (200 | 201 | 202 | 204)]
  : never;

/** An entry of the list that an operation returns. */
export type ItemOf<O> = ResultOf<O> extends { data: (infer Item)[] } ? Item : never;

/** What a request has besides its method and path. */
export interface RequestOf<O> {
  path?: PathParametersOf<O>;
  query?: QueryOf<O>;
  body?: BodyOf<O>;
  headers?: Record<string, string>;
  /** Whether a repeated request has the effect of one. By default, that of GET, PUT and DELETE has. */
  repeatable?: boolean;
}
