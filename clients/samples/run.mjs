// Runs what typescript.ts compiles to, against the demo shop whose address it is given.
import { search, shopAt, signIn } from "./compiled/typescript.js";

const shop = shopAt(process.argv[2]);
console.log("found:", (await search(shop, "milk")).join(", "));
const token = await signIn(shop, "customer@aisle.example", "customer-2026");
console.log("signed in, with a token of", token.length, "characters");
