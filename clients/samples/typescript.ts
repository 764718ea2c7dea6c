// How a TypeScript program uses the types made from the OpenAPI document: `node run.mjs http://127.0.0.1:5000`.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

type Confirm = components["schemas"]["ConfirmRequest"];
type Shop = ReturnType<typeof createClient<paths>>;

export function shopAt(baseUrl: string): Shop {
  return createClient<paths>({ baseUrl });
}

export async function search(shop: Shop, words: string): Promise<string[]> {
  const { data, error } = await shop.GET("/api/v1/catalog/products/search", {
    params: { query: { q: words, limit: 3 } },
  });
  if (error) throw new Error(`${error.error.code}: ${error.error.message}`);
  return data.data.map((product) => product.name);
}

export async function signIn(shop: Shop, email: string, password: string): Promise<string> {
  const { data, error } = await shop.POST("/api/v1/auth/login", { body: { email, password } });
  if (error) throw new Error(`${error.error.code}: ${error.error.message}`);
  return data.data.access_token;
}

export async function buy(shop: Shop, token: string, wanted: Confirm): Promise<string> {
  const { data, error } = await shop.POST("/api/v1/checkout/confirm", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    headers: { Authorization: `Bearer ${token}` },
    body: wanted,
  });
  if (error) throw new Error(error.error.code);
  if ("poll" in data.data) return `${data.data.order_number}: not paid yet, ask ${data.data.poll}`;
  const total: number = data.data.total_paid;
  return `${data.data.order_number}: ${total.toFixed(2)}`;
}

export async function whatMustNotCompile(shop: Shop): Promise<void> {
  // @ts-expect-error there is no such route
  await shop.GET("/api/v1/nowhere");
  // @ts-expect-error a limit is a number
  await shop.GET("/api/v1/catalog/products/search", { params: { query: { limit: "three" } } });
}
