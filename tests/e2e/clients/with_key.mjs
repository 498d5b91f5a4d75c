// Preloaded into a client that can't be given a bearer key: adds it to every request.
import http from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const authorization = `Bearer ${process.env.MIMO_KEY}`;
const fetch_ = globalThis.fetch;
globalThis.fetch = (resource, options = {}) => {
  const headers = new Headers(options.headers ?? (resource instanceof Request ? resource.headers : undefined));
  headers.set('authorization', authorization);
  return fetch_(resource, { ...options, headers });
};
const httpRequest = http.request;
http.request = (...given) => {
  const request = httpRequest(...given);
  request.setHeader('authorization', authorization);
  return request;
};
syncBuiltinESMExports();
// Some use undici's own `request`; patched before its first import as a module, which copies it.
const undici = createRequire(import.meta.url)('undici');
const { request } = undici;
undici.request = (url, options = {}) =>
  request(url, { ...options, headers: { authorization, ...options.headers } });
