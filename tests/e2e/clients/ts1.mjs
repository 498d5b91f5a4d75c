// The TypeScript SDK of generation 1, which most hosts run. Arguments: the server's command.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: 'ts1', version: '1' });
await client.connect(new StdioClientTransport({ command, args }));
const { tools } = await client.listTools();
const call = (arguments_) => client.callTool({ name: 'memory', arguments: arguments_ });
await call({ operation: 'store', content: 'Zoe keeps bees' });
const found = await call({ operation: 'search', query: 'bees' });
const wrong = await call({ operation: 'search', q: 'bees' });
const prompts = (await client.listPrompts()).prompts.length;
const resources = (await client.listResources()).resources.length;
await client.close();
console.log(JSON.stringify({
  tools: tools.map((tool) => tool.name),
  found: found.structuredContent.memories[0].content,
  error: wrong.isError ? wrong.content[0].text : '',
  prompts, resources,
}));
