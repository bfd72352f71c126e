/** The properties of an object, without those that are undefined. */
export type Defined<Properties> = { [Key in keyof Properties]?: Exclude<Properties[Key], undefined> };

/**
 * Copies an object without its undefined properties. For optional properties, which may be absent but not undefined
 * (`exactOptionalPropertyTypes`): `{ name, ...withoutUndefined({ detail }) }`.
 */
export function withoutUndefined<Properties extends object>(properties: Properties): Defined<Properties>;
export function withoutUndefined(properties: object): object {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}
