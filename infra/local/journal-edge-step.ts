import type {
  CloudFrontHeaders,
  CloudFrontRequest,
  CloudFrontResponse,
} from '../../gateway/runtimes/lambda-edge/event.ts';
import type { FunctionCall } from './cloudfront.ts';
import type { NewStep } from './journal.ts';
import { safeAddress, safeTarget } from './journal-redaction.ts';

/** The headers by which an origin learns who is there. */
const identity = ['Remote-User', 'Remote-Email', 'Remote-Name', 'Remote-Groups'];

/**
 * A call of a function at the edge as a step: whether it let the request through and as whom, or what it answered; of an
 * answer, the names of the headers that it added. Never a cookie.
 */
export function edgeStep({ name, event, result, durationMs }: FunctionCall): NewStep {
  const { config, request } = event.Records[0].cf;
  const { path } = safeTarget(request.uri);
  const told = { function: name, event: config.eventType, path, durationMs: Math.round(durationMs) };
  if (config.eventType === 'viewer-response') {
    const before =
      'response' in event.Records[0].cf ? (event.Records[0].cf.response as CloudFrontResponse).headers : {};
    const added = Object.keys(result.headers).filter((header) => before[header] === undefined);
    return { kind: 'edge', host: 'edge', summary: `${name} adds ${added.length} headers`, details: { ...told, added } };
  }
  if (!isAnswer(result)) {
    const entries = identity.map((header) => [header, decodeURIComponent(valueIn(result.headers, header))]);
    const details = { ...told, identity: Object.fromEntries(entries) };
    return { kind: 'edge', host: 'edge', summary: `${name} lets ${path} through`, details };
  }
  const { status, headers } = result;
  const location = valueIn(headers, 'location');
  const details = { ...told, status: Number(status), ...(location && { location: safeAddress(location) }) };
  return { kind: 'edge', host: 'edge', summary: `${name} answers ${status}`, details };
}

const isAnswer = (result: CloudFrontRequest | CloudFrontResponse): result is CloudFrontResponse => 'status' in result;

const valueIn = (headers: CloudFrontHeaders, name: string): string => headers[name.toLowerCase()]?.[0]?.value ?? '';
