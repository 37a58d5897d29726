import { hasWildcard } from "./glob.ts";
import { type ValueKind, WrongValue } from "./kind.ts";

/** No model's name has these characters. They mean a kind of pattern that is not ours. */
const strange = /[\p{Cc}[\]{}|^$\\"<>]/u;

const schema = { type: ["string", "number"], minLength: 1, maxLength: 256 };

/** A model's name, or a glob: `*` is any run of characters, `?` is any one. */
export const modelGlob: ValueKind<string> = {
  read(text) {
    if (text === "" || text.length > 256) throw new WrongValue("must be 1 to 256 characters");
    if (text.includes("**")) throw new WrongValue("must not hold **: one * is anything already");
    if (strange.test(text)) {
      throw new WrongValue("must be a model's name, in which only * and ? are wildcards");
    }
    return text;
  },
  schema,
};

/** One model's name. */
export const modelName: ValueKind<string> = {
  read(text) {
    const isName = text !== "" && text.length <= 256 && !strange.test(text) && !hasWildcard(text);
    if (isName) return text;
    throw new WrongValue("must be one model's name, 1 to 256 characters, without * and ?");
  },
  schema,
};
