// sharp's worker: `node sharp.mjs best|usual JOB`. Speaks as contestants.rs says.
import { readFileSync, writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import sharp from 'sharp'

const [way, file] = process.argv.slice(2)
const job = JSON.parse(readFileSync(file, 'utf8'))
const inside = { fit: 'inside', withoutEnlargement: true }
const fast = { mozjpeg: false, optimiseCoding: false }

// As fast as it goes: one thread, nothing kept, one decode, the thumbnail from the
// proof's pixels, no second pass over the Huffman tables.
async function best (path, to) {
  const { data, info } = await sharp(path).autoOrient().resize(1600, 1600, inside).toColourspace('srgb')
    .raw().toBuffer({ resolveWithObject: true })
  const raw = { raw: { width: info.width, height: info.height, channels: info.channels } }
  await sharp(data, raw).jpeg({ quality: 82, ...fast }).toFile(`${to}-proof.jpg`)
  await sharp(data, raw).resize(320, 320, inside).jpeg({ quality: 80, ...fast }).toFile(`${to}-thumbnail.jpg`)
}

// As it is used: each rendition from the file, with the defaults.
async function usual (path, to) {
  await sharp(path).autoOrient().resize(320, 320, inside).jpeg({ quality: 80 }).toFile(`${to}-thumbnail.jpg`)
  await sharp(path).autoOrient().resize(1600, 1600, inside).jpeg({ quality: 82 }).toFile(`${to}-proof.jpg`)
}

const say = said => writeSync(1, JSON.stringify(said) + '\n')
const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e6 }
const peak = () => Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024

if (way === 'best') {
  sharp.cache(false)
  sharp.concurrency(1)
}
const make = way === 'best' ? best : usual
const version = `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`
const started = { version, cpu_s: cpu(), base_mb: peak() }
try { await make(job.warm_up, `${job.out}/0`) } catch { /* said when its turn comes */ }
say({ started })
for (const [photo, path] of job.photos.entries()) {
  const [cpuBefore, wallBefore] = [cpu(), performance.now()]
  try {
    await make(path, `${job.out}/${photo}`)
    const [cpu_s, wall_s] = [cpu() - cpuBefore, (performance.now() - wallBefore) / 1e3]
    say({ done: { photo, cpu_s, wall_s, peak_mb: peak() } })
  } catch (error) {
    say({ failed: { photo, reason: String(error.message) } })
  }
}
