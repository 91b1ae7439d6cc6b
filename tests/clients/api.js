// Calls of npm's sphinxapi: a line for each, with the decoded answer.
//
// node api.js FOLDER PORT INDEX ONE_PORT ONE_INDEX; the client is in FOLDER, and ONE_INDEX is asked
// for what masters refuse.
'use strict';

const { createRequire } = require('node:module');
const { promisify } = require('node:util');

const [folder, port, index, onePort, oneIndex] = process.argv.slice(2);
const Client = createRequire(folder + '/')('sphinxapi');

function client(where = port) {
    const made = new Client();
    made.SetServer('127.0.0.1', Number(where));
    return made;
}

const plain = (key, value) => {
    if (key === 'time') return undefined;
    return typeof value === 'bigint' ? String(value) : value;
};

async function tell(name, made, method, ...words) {
    const call = promisify(made[method].bind(made));
    const failed = (error) => ({ error: String(error.message || error) });
    const answer = await call(...words).catch(failed);
    console.log(name, JSON.stringify([answer, made.GetLastError(), made.GetLastWarning()], plain));
}

async function query(name, text, setUp = () => {}) {
    const made = client();
    setUp(made);
    await tell(name, made, 'Query', text, index);
}

async function main() {
    await query('all', 'hello');
    await query('nothing', 'nowhere');
    await query('window', 'hello', (made) => made.SetLimits(1, 2, 5));
    await query('ids', 'hello', (made) => made.SetIDRange(2, 4));
    await query('values', 'hello', (made) => made.SetFilter('gid', [10, 30]));
    await query('range', 'hello', (made) => made.SetFilterRange('gid', 11, 20));
    await query('field weights', 'hello', (made) => made.SetFieldWeights({ title: 10, body: 3 }));
    await query('order', 'hello', (made) => {
        made.SetSortMode(Client.SPH_SORT_EXTENDED, 'gid desc, big asc');
    });
    await query('extended', 'hello | test', (made) => {
        made.SetMatchMode(Client.SPH_MATCH_EXTENDED2);
    });
    await query('groups', '', (made) => {
        made.SetSelect('gid, count(*) c');
        made.SetGroupBy('gid', Client.SPH_GROUPBY_ATTR, '@count desc, @group asc');
    });
    await query('bad order', 'hello', (made) => {
        made.SetSortMode(Client.SPH_SORT_EXTENDED, 'nope desc');
    });
    const batch = client();
    batch.AddQuery('hello', index);
    batch.AddQuery('hello', 'nope');
    batch.AddQuery('test', index);
    await tell('a batch', batch, 'RunQueries');
    const one = client(onePort);
    const documents = ['hello world, this is a test', 'nothing of it'];
    await tell('excerpts', one, 'BuildExcerpts', documents, oneIndex, 'hello test', {});
    await tell('keywords', client(onePort), 'BuildKeywords', 'hello worlds', oneIndex, true);
}

main();
