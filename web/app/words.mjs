// @ts-check
// words.mjs - the page's sentences (UX 2.3).  The core's own sentences arrive
// ready made.
import { count, counted } from './form.mjs';

/** @typedef {{code: string, text: string}} Sentence */

/** @param {string} code @param {string} text @returns {Sentence} */
const say = (code, text) => ({ code, text });

export const words = {
  notModel: (/** @type {string} */ file) => say('me01',
    `${file} is not a model file: it does not begin with “GGUF”. Choose a file that ends in .gguf.`),
  unusable: (/** @type {string} */ file, /** @type {string} */ reason) => say('me35',
    `${file} cannot be used: ${reason}. Get it again or choose another file.`),
  stoppedWorking: (/** @type {string} */ reason) => say('me07',
    `The engine stopped working: ${reason}. The chat is kept.`),
  unreachable: (/** @type {string} */ host, /** @type {string} */ reason) => say('me14',
    `${host} could not be reached: ${reason}. Check the connection; tarn itself works without it.`),
  notSaved: (/** @type {string} */ reason) => say('me16',
    `The chats could not be saved: ${reason}. They are kept in memory until the tab closes.`),
  traceNotSaved: (/** @type {string} */ reason) => say('me16',
    `The trace of this answer could not be saved: ${reason}. It is kept until the next answer.`),
  otherTab: () => say('me29',
    'Another tab of this page is using the model. Close it there, or use it here.'),
  tooLarge: (/** @type {string} */ has, /** @type {string} */ needs) => say('me30',
    `The browser gives at most ${has} of memory and the model needs ${needs}. Choose a smaller model or use the desktop program.`),
  notStored: (/** @type {string} */ reason) => say('me31',
    `The browser did not let the page store models (${reason}). The model stays in memory and is gone when the tab closes.`),
  gone: () => say('me32',
    'The browser removed the stored model to make room. Get it again, and choose “Keep” when asked.'),
  lacks: (/** @type {string} */ feature) => say('me33',
    `This browser lacks ${feature}. Use a current Firefox, Chrome or Safari, or the desktop program.`),
  noChat: (/** @type {string} */ file, /** @type {string} */ reason) => say('me18',
    `${file} is not a tarn chat or trace: ${reason}.`),
  tracesLost: (/** @type {{id: number, reason: string}[]} */ lost) => say('me18', lost.length === 1
    ? `Message ${lost[0].id} is read without its trace: ${lost[0].reason}.`
    : `${lost.length} messages are read without their traces; message ${lost[0].id}: ${lost[0].reason}.`),
  tooLong: (/** @type {string} */ size, /** @type {string} */ most) => say('me20',
    `The message is ${size} long and ${most} are allowed. Send a shorter part of it.`),
  notText: (/** @type {string} */ file) => say('me19', `${file} is not text. This model reads text only.`),
  fileTooLong: (/** @type {string} */ file, /** @type {string} */ n, /** @type {string} */ free) => say('me20',
    `${file} is ${n} tokens long and ${free} are free. Attach a shorter part of it.`),
  fileTooLarge: (/** @type {string} */ file, /** @type {string} */ size, /** @type {string} */ most) => say('me20',
    `${file} is ${size} long and ${most} are allowed. Attach a shorter part of it.`),
  noClipboard: () => say('clip', 'The browser did not give the clipboard. Paste into the message instead.'),
  badSchema: (/** @type {string} */ reason) => say('me28',
    `The answer must fit the schema, and the schema cannot be used: ${reason.replace(/\.$/, '')}.`),
  remove: (/** @type {string} */ model, /** @type {string} */ size) => say('mq02',
    `Delete ${model} (${size})? Chats stay and can be read without it.`),
  noBudget: () => say('mn10', 'This model always thinks first. With a budget of 0 its answers get worse.'),
  filling: (/** @type {number} */ p) => say('mn07',
    `The context is ${p}% full. When it is full, tarn asks what to leave out; it never cuts silently.`),
  leaveOut: (/** @type {number} */ n) => say('mn08', `Leave the oldest ${counted(n, 'turn')} out of the context? They stay in the chat.`),
  nothingToLeave: () => say('mn08', 'There is no older turn to leave out. A new chat has room.'),
  leftOut: (/** @type {number} */ n, /** @type {string} */ date) => say('mn09',
    `${counted(n, 'turn')} from ${date} ${n === 1 ? 'is' : 'are'} left out of the context. ${n === 1 ? 'It stays' : 'They stay'} in the chat.`),
  reproduced: (/** @type {number} */ n) => say('mn17',
    `Reproduced: all ${count(n)} tokens are the same.`),
  notReproduced: (/** @type {number} */ at, /** @type {string} */ here, /** @type {string} */ there) => say('mn18',
    `Not reproduced: token ${at} is “${here}” here and “${there}” in the trace.`),
  pocket: (/** @type {string} */ n) => say('mn01',
    `This is the pocket model: ${n} parameters, for trying tarn out. It makes mistakes with facts.`),
  oneThread: () => say('mn12',
    'The page runs on one thread because the server does not send the isolation headers. It is slower so.'),
  newVersion: () => say('mn14', 'A new version of the page is ready.'),
  offline: () => say('mn13',
    'You are offline. Everything here works; only getting models does not.'),
  privateWindow: () => say('mn20',
    'This window keeps no data: the chats vanish with it.'),
};

/** MN02 @param {number} n */
export const budgetReached = n => `The thought reached its budget of ${count(n)} tokens and was closed.`;

/** How a turn ended, where that needs a word. */
export const ends = new Map([
  ['cancelled', 'Stopped.'],
  ['length', 'The answer reached the limit of tokens.'],
  ['context', 'The context is full.'],
]);
