import { Postrider, PostriderError } from "postrider-client";

const postrider = new Postrider();
try {
  await postrider.accounts.create({ uid: "not an id", name: "Acme" });
} catch (error) {
  if (!(error instanceof PostriderError)) throw error;
  console.log(error.code, error.status, error.errors[0]?.pointer, error.requestId); // invalid_body 422 /uid …
}
