// An OpenAPI document, read for what a test asks of it: its operations, its references, its schemas.

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const isObject = (value) => typeof value === 'object' && value !== null;

/** Every object and array of a document, with the names and indexes that lead to it. */
export function* nodesOf(value, path = []) {
  if (!isObject(value)) return;
  yield { value, path };
  for (const [name, member] of Object.entries(value)) yield* nodesOf(member, [...path, name]);
}

/** The document with every object of a schema closed, so that a member that is not in it is found. */
function closed(document) {
  const copy = structuredClone(document);
  for (const { value } of nodesOf(copy)) {
    const isOpen = value.type === 'object' && isObject(value.properties) && !('additionalProperties' in value);
    if (isOpen) value.unevaluatedProperties = false;
  }
  return copy;
}

export class OpenapiDocument {
  #ajv;

  constructor(document) {
    this.document = document;
    this.#ajv = new Ajv2020({ strictTypes: false, allErrors: true });
    addFormats.default(this.#ajv);
    // The document is given as one schema, whose references then find their way: its own members are no keywords.
    this.#ajv.addVocabulary(Object.keys(document));
    this.#ajv.addSchema(closed(document), 'document');
  }

  /** What a path of names leads to, references followed on the way: {node, path} of the place itself. */
  find(path) {
    let place = { node: this.document, path: [] };
    for (const name of path) {
      place = this.#follow({ node: place.node?.[name], path: [...place.path, name] });
    }
    return place;
  }

  /** The place of a reference such as `#/components/schemas/Event`. */
  findReference(reference) {
    const names = reference.slice('#/'.length).split('/');
    return this.find(names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')));
  }

  #follow(place) {
    return place.node?.$ref === undefined ? place : this.findReference(place.node.$ref);
  }

  /** What is wrong with a value by the schema at this path; empty when nothing is. */
  faults(path, value) {
    const pointer = path.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1')).map(encodeURIComponent);
    const validate = this.#ajv.getSchema(`document#/${pointer.join('/')}`);
    if (!validate) return [`there is no schema at ${path.join(' ')}`];
    return validate(value) ? [] : validate.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  /** Every operation, with the references to parameters and responses resolved; what a bad one leads to is empty. */
  get operations() {
    return Object.keys(this.document.paths).flatMap((path) =>
      METHODS.filter((method) => method in this.document.paths[path]).map((method) => this.#operation(path, method)),
    );
  }

  #operation(path, method) {
    const at = ['paths', path, method];
    const { node } = this.find(at);
    const listed = [...(this.document.paths[path].parameters ?? []), ...(node.parameters ?? [])];
    return {
      ...node,
      path,
      method: method.toUpperCase(),
      name: `${method.toUpperCase()} ${path}`,
      parameters: listed.map((parameter) => this.#follow({ node: parameter }).node ?? {}),
      body: node.requestBody && this.#content([...at, 'requestBody']),
      responses: Object.keys(node.responses).map((status) => this.#response(status, [...at, 'responses', status])),
    };
  }

  #response(status, at) {
    const { node } = this.find(at);
    const headers = Object.keys(node?.headers ?? {}).map((name) => ({
      name,
      schema: this.find([...at, 'headers', name, 'schema']).path,
    }));
    return { status, description: node?.description, headers, contents: this.#content(at) };
  }

  /** [{type, schema: the path of it, examples: [{name, value}]}] */
  #content(at) {
    const { node, path } = this.find(at);
    return Object.entries(node?.content ?? {}).map(([type, { examples = {} }]) => ({
      type,
      schema: [...path, 'content', type, 'schema'],
      examples: Object.entries(examples).map(([name, { value }]) => ({ name, value })),
    }));
  }
}
