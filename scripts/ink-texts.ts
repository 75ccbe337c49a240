/** The source of the module that the replaced files of Ink share: what is known of a text, and of the layout. */
export const INK_TEXTS = `
import stringWidth from 'string-width';

// A map that forgets what was not used since it was half full.
export class KelpieGenerations {
    constructor(limit) { this.limit = limit; this.young = new Map(); this.old = new Map(); }
    get(key) {
        const found = this.young.get(key);
        if (found !== undefined) return found;
        const kept = this.old.get(key);
        if (kept !== undefined) this.set(key, kept);
        return kept;
    }
    set(key, value) {
        if (this.young.size >= this.limit) { this.old = this.young; this.young = new Map(); }
        this.young.set(key, value);
    }
}

// Rises with every layout that may have moved something; 0 where nobody counts.
export const kelpieLayout = { epoch: 0 };

const sgr = /\\u{1B}\\[([\\d;]*)m/gu;
// Anything that is not simply shown where it stands: controls, marks, joiners, surrogates that stand alone.
const unsafe = /[\\p{Control}\\p{Mark}\\p{Default_Ignorable_Code_Point}\\p{Surrogate}\\u2028\\u2029]/u;
// One cell and one UTF-16 unit each: ASCII, Latin, dashes and quotes, ellipsis, arrows, box drawing, blocks, Braille.
export const kelpieOneCell = /^[ -~\\u00A1-\\u00AC\\u00AE-\\u02FF\\u2010-\\u2015\\u2018-\\u201F\\u2022\\u2026\\u2039\\u203A\\u2190-\\u2193\\u2500-\\u25A0\\u2713\\u2717\\u2800-\\u28FF]*$/u;

// What a sequence opens (the codes that close it) and closes, in order, by the rules of @alcalzone/ansi-tokenize;
// null where how the tokeniser reads it is not for us to copy.
const readEffects = (parameters) => {
    const codes = parameters.split(';').map(Number);
    const effects = [];
    for (let index = 0; index < codes.length; index++) {
        const code = codes[index];
        if (code === 0) effects.push({ open: false, code: 0 });
        else if (code === 1 || code === 2) effects.push({ open: true, code: 22 });
        else if (code === 3 || code === 4 || code === 7 || code === 8 || code === 9) effects.push({ open: true, code: code + 20 });
        else if (code === 53) effects.push({ open: true, code: 55 });
        else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) effects.push({ open: true, code: 39 });
        else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) effects.push({ open: true, code: 49 });
        else if (code === 38 || code === 48) {
            if (codes[index + 1] !== 5 || !(codes[index + 2] >= 0 && codes[index + 2] <= 255)) return null;
            // One colour in one sequence of its own.
            if (codes.length !== 3) return null;
            effects.push({ open: true, code: code + 1 });
            index += 2;
        }
        else if (code === 22 || code === 39 || code === 49 || code === 55 || (code >= 23 && code <= 29)) effects.push({ open: false, code });
        else return null;
    }
    return effects;
};
const effectsKnown = new KelpieGenerations(256);
const isClosed = (text) => {
    const open = new Set();
    for (const [, parameters] of text.matchAll(sgr)) {
        let effects = effectsKnown.get(parameters);
        if (effects === undefined) {
            effects = readEffects(parameters);
            effectsKnown.set(parameters, effects);
        }
        if (effects === null) return false;
        for (const effect of effects) {
            if (effect.open) open.add(effect.code);
            else if (effect.code === 0) open.clear();
            else open.delete(effect.code);
        }
    }
    return open.size === 0;
};

const known = new KelpieGenerations(4096);
// Of a text on one line, of nothing but characters that show as they stand and sequences of style: its width, and
// whether it closes every style it opens. A width of -1 for all others.
export const kelpieText = (text) => {
    let result = known.get(text);
    if (result === undefined) {
        const bare = text.replaceAll(sgr, '');
        const width = kelpieOneCell.test(bare) ? bare.length : unsafe.test(bare) ? -1 : stringWidth(bare);
        result = { width, closed: width !== -1 && isClosed(text) };
        known.set(text, result);
    }
    return result;
};
`;
