import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

const require = createRequire(import.meta.url);
/** Envoy's own definitions, as the xDS client of gRPC carries them. */
const protos = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const folders = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'];

const extensions = 'envoy/extensions';
const files = [
  'envoy/config/bootstrap/v3/bootstrap.proto',
  `${extensions}/filters/network/http_connection_manager/v3/http_connection_manager.proto`,
  `${extensions}/filters/http/ext_authz/v3/ext_authz.proto`,
  `${extensions}/filters/http/lua/v3/lua.proto`,
  `${extensions}/filters/http/router/v3/router.proto`,
  `${extensions}/transport_sockets/tls/v3/tls.proto`,
  `${extensions}/upstreams/http/v3/http_protocol_options.proto`,
];

/**
 * Every message that a configuration of Envoy can be made of.
 *
 * @throws Error for an import that is nowhere: a message of unknown fields would let anything pass.
 */
export function loadEnvoyProtos(): protobuf.Root {
  const descriptor = require.resolve('protobufjs/google/protobuf/descriptor.json');
  const { nested } = JSON.parse(readFileSync(descriptor, 'utf8')) as DescriptorFile;
  protobuf.common('descriptor', nested.google.nested.protobuf.nested);
  const root = new protobuf.Root();
  root.resolvePath = (_, target) =>
    protobuf.common.get(target) === null
      ? (folders.map((folder) => join(protos, folder, target)).find((file) => existsSync(file)) ?? target)
      : target;
  root.loadSync(files, { keepCase: true });
  root.resolveAll();
  return root;
}

type DescriptorFile = {
  readonly nested: { readonly google: { readonly nested: { readonly protobuf: { readonly nested: object } } } };
};
