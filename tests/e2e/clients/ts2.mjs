// The TypeScript SDK of generation 2. Arguments: the mode (legacy or auto), the server's command.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const [mode, command, ...args] = process.argv.slice(2);
const client = new Client({ name: 'ts2', version: '1' }, { versionNegotiation: { mode } });
await client.connect(new StdioClientTransport({ command, args }));
const { tools } = await client.listTools();
const call = (arguments_) => client.callTool({ name: 'memory', arguments: arguments_ });
await call({ operation: 'store', content: 'Zoe keeps bees' });
const found = await call({ operation: 'search', query: 'bees' });
const wrong = await call({ operation: 'search', q: 'bees' });
const began = Date.now();
await client.close();
console.log(JSON.stringify({
  tools: tools.map((tool) => tool.name),
  found: found.structuredContent.memories[0].content,
  error: wrong.isError ? wrong.content[0].text : '',
  closed_ms: Date.now() - began,
}));
