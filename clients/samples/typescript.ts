// How a TypeScript program uses the types made from the OpenAPI document. Checked with `tsc --strict`, never run.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

type Confirm = components["schemas"]["ConfirmRequest"];

const shop = createClient<paths>({ baseUrl: "http://127.0.0.1:5000" });

export async function search(words: string): Promise<string[]> {
  const { data, error } = await shop.GET("/api/v1/catalog/products/search", {
    params: { query: { q: words, limit: 3 } },
  });
  if (error) throw new Error(`${error.error.code}: ${error.error.message}`);
  return data.data.map((product) => product.name);
}

export async function buy(token: string, wanted: Confirm): Promise<string> {
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

export async function whatMustNotCompile(): Promise<void> {
  // @ts-expect-error there is no such route
  await shop.GET("/api/v1/nowhere");
  // @ts-expect-error a limit is a number
  await shop.GET("/api/v1/catalog/products/search", { params: { query: { limit: "three" } } });
}
