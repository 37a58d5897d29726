import { expect, it } from "vitest";
import { fileByAddress, fileByContent } from "./parts-files.ts";

const png = Buffer.from("\x89PNG\r\n\x1a\n and more", "latin1").toString("base64");
const webp = Buffer.from("RIFF\x01\x02\x03\x04WEBPVP8 ", "latin1").toString("base64");

it.each([
  [`data:image/jpeg;base64,${png}`, "image/png"],
  [`data:;base64,${webp}`, "image/webp"],
  ["data:image/jpg;base64,/9j/4AAQSkZJRgABAQ==", "image/jpeg"],
  ["data:image/gif;base64,R0lGODlhAQABAAAAACw=", "image/gif"],
  ["data:image/heic;base64,AAAAGGZ0eXBoZWlj", "image/heic"],
  [`data:application/pdf;base64,${png}`, "application/pdf"],
])("the first bytes of an image tell its type: %s is %s", (address, type) => {
  expect(fileByAddress(address, "image/jpeg", "x").mediaType).toBe(type);
});

it("an image that is bare base64 has the type of its bytes, too", () => {
  expect(fileByContent(png, "image/jpeg", "x").mediaType).toBe("image/png");
});
