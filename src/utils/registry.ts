import { type JsonObject, type JsonValue, show } from "./config.ts";
import { CannotReadFieldError, ClinicaDLException, ConfigError } from "./exceptions.ts";

/** A plain object with the `name_` of a config and its options in camelCase. */
export interface Named {
  readonly name_: string;
  readonly [option: string]: unknown;
}

/** A class whose objects are made of options, and read from what their `toDict` wrote. */
export interface Registrable<T> {
  new (...options: never): T;
  /** The `name_` of its objects, in plain objects and in JSON. */
  readonly name_: string;
  /** What its options are. */
  readonly schema?: { readonly shape: object };
  fromDict(dict: JsonObject): T;
  fromOptions(options: unknown): T;
}

/** The member of that name, unless it is one that every object has: names come from files. */
export function own<T>(members: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

/** The classes of one kind (losses, networks, …) by their `name_`: the one way from a name to an object. */
export class Registry<T extends object, C extends Registrable<T> = Registrable<T>> {
  readonly kind: string;
  readonly #classes = new Map<string, C>();
  readonly #isOne: (value: object) => value is T;

  /**
   * @param kind what its members are, for messages: "loss".
   * @param isOne whether an object is one of this kind already, whoever made it.
   * @param list the classes, such as the namespace of a module that exports them. Members without a `name_` are no classes of this kind.
   */
  constructor(kind: string, isOne: (value: object) => value is T, list: Registered<C>) {
    this.kind = kind;
    this.#isOne = isOne;
    this.add(list);
  }

  /** Adds the classes of a list, for a kind whose members read each other by the registry: the list comes after it then. */
  add(list: Registered<C>): void {
    for (const Class of Object.values(list)) if (isRegistrable(Class)) this.#add(Class);
  }

  /**
   * Adds a class of one's own, so that its objects can be made of plain objects and read from a MAPS.
   * @throws ConfigError when another class has that name.
   */
  register(Class: C): void {
    if (this.#classes.has(Class.name_) && this.#classes.get(Class.name_) !== Class) {
      throw new ConfigError(
        `Another ${this.kind} is named '${Class.name_}' already. Give your own another name_: a MAPS is read by it.`,
      );
    }
    this.#add(Class);
  }
  #add(Class: C): void {
    this.#classes.set(Class.name_, Class);
  }

  /** The names that can be read, in the order of their registration. */
  get names(): string[] {
    return [...this.#classes.keys()];
  }

  /** Whether an object is one of this kind, of this package or not. */
  has(value: object): value is T {
    return this.#isOne(value);
  }

  /** The class of that name. */
  get(name: string): C | undefined {
    return this.#classes.get(name);
  }

  /**
   * An object of this kind as it is, or one made of a plain object with `name_` and options; null for anything else.
   * @param what the option that got the value, for messages: "'loss'".
   * @throws ConfigError when there is none of that name, or its options are not accepted.
   */
  from(what: string, value: unknown): T | null {
    if (typeof value !== "object" || value === null) return null;
    if (this.#isOne(value)) return value;
    if (!("name_" in value)) return null;
    const { name_, ...options } = value;
    const Class = typeof name_ === "string" ? this.#classes.get(name_) : undefined;
    if (Class === undefined) {
      throw new ConfigError(`${what} got the name ${show(name_)}. Expected one of ${this.names.join(", ")}.`);
    }
    return Class.fromOptions(options);
  }

  /**
   * The class that wrote a value as JSON, and what it wrote: for a kind whose `fromDict` takes more than that.
   * @throws CannotReadFieldError naming `field` when no class that is known did.
   */
  find(what: string, field: string, value: JsonValue | undefined): readonly [Class: C, dict: JsonObject] {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    const Class = isObject && typeof value.name_ === "string" ? this.#classes.get(value.name_) : undefined;
    if (!isObject || Class === undefined) {
      // of an object its name says enough
      const written =
        isObject && typeof value.name_ === "string" ? `an object named ${show(value.name_)}` : show(value);
      throw new CannotReadFieldError(
        `${what}: '${field}' was written as ${written}, which cannot be read back (known: ${this.names.join(", ")}). Pass the object itself, or register its class.`,
        [field],
      );
    }
    return [Class, value];
  }

  /**
   * Reads what `toDict` wrote of an object of this kind.
   * @throws CannotReadFieldError naming `field` when it is something else, or not all of it can be read.
   */
  read(what: string, field: string, value: JsonValue | undefined): T {
    const [Class, dict] = this.find(what, field, value);
    try {
      return Class.fromDict(dict);
    } catch (error) {
      if (!(error instanceof ClinicaDLException)) throw error;
      throw new CannotReadFieldError(`${what}: '${field}' cannot be read. ${error.message}`, [field], { cause: error });
    }
  }
}

/** What a list holds that is no class of the kind: what is built from it, and helpers. */
type Other = object & { readonly name_?: never };
/** A list of classes, in which those with a `name_` are of this kind, which the compiler checks. */
type Registered<C> = Readonly<Record<string, C | Other>>;

function isRegistrable<C extends { readonly name_: string }>(member: C | Other): member is C {
  return member.name_ !== undefined;
}

/** Whether an object is a config that builds something: it describes itself, and has a `getObject`. */
export function isBuilder<T extends object>(value: object): value is T {
  return (
    "name_" in value &&
    "toDict" in value &&
    typeof value.toDict === "function" &&
    "getObject" in value &&
    typeof value.getObject === "function"
  );
}
