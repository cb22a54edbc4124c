// Runs a server that holds accounts of Bluesky (a PDS) and a directory of accounts (PLC) on free ports of this machine.
// node pds.mjs PACKAGES DATA: the folder that has their node_modules, and one that is empty. A line of JSON tells where it
// is and what accounts it has; it ends when its standard input does.

import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'

process.env.LOG_ENABLED = 'false'
const [packages, data] = process.argv.slice(2)
const require = createRequire(resolve(packages, 'package.json'))
const plc = require('@did-plc/server')
const { PDS, envToCfg, envToSecrets } = require('@atproto/pds')

const freePort = () =>
  new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => found(port))
    })
  })

const jwtSecret = randomBytes(16).toString('hex')
const [port, plcPort] = [await freePort(), await freePort()]

const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: plcPort })
await directory.start()

const env = {
  devMode: true,
  hostname: 'localhost',
  port,
  dataDirectory: data,
  blobstoreDiskLocation: join(data, 'blobs'),
  didPlcUrl: `http://localhost:${plcPort}`,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  rateLimitsEnabled: true,
  disableSsrfProtection: true,
  jwtSecret,
  adminPassword: randomBytes(16).toString('hex'),
  plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
}
const server = await PDS.create(envToCfg(env), envToSecrets(env))
await server.start()
const url = `http://localhost:${port}`

async function call(method, body, token) {
  const answer = await fetch(`${url}/xrpc/com.atproto.server.${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${method}: ${await answer.text()}`)
  return answer.json()
}

async function account(handle) {
  const password = randomBytes(16).toString('hex')
  const made = await call('createAccount', { handle, email: `${handle}@klynge.example`, password })
  const app = await call('createAppPassword', { name: 'delebot' }, made.accessJwt)
  return { handle, did: made.did, password: app.password, token: made.accessJwt }
}

const accounts = { klyngen: await account('klyngen.test'), stille: await account('stille.test') }
process.stdout.write(`${JSON.stringify({ url, jwtSecret, ...accounts })}\n`)

process.stdin.resume()
process.stdin.on('end', async () => {
  await server.destroy()
  await directory.destroy()
  process.exit(0)
})
