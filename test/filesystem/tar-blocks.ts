/** Tars made by hand, field by field, so that they can be wrong. Text is Latin-1: one character, one byte. */

export interface Fields {
  readonly name: string;
  readonly type?: string;
  readonly linkName?: string;
  readonly size?: number;
  readonly rawSize?: string;
  readonly checksum?: number;
  readonly major?: number;
  readonly minor?: number;
}

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;

export const block = {
  of(fields: Fields): Buffer {
    const bytes = Buffer.alloc(512);
    bytes.write(fields.name, 0, 100, "latin1");
    bytes.write(octal(0o644, 7), 100, "latin1");
    bytes.write(octal(0, 7), 108, "latin1");
    bytes.write(octal(0, 7), 116, "latin1");
    bytes.write(fields.rawSize ?? octal(fields.size ?? 0, 11), 124, 12, "latin1");
    bytes.write(octal(1, 11), 136, "latin1");
    bytes.write(fields.type ?? "0", 156, "latin1");
    bytes.write(fields.linkName ?? "", 157, 100, "latin1");
    bytes.write("ustar\x0000", 257, "latin1");
    bytes.write(octal(fields.major ?? 0, 7), 329, "latin1");
    bytes.write(octal(fields.minor ?? 0, 7), 337, "latin1");
    if (fields.checksum === undefined) block.fixChecksum(bytes);
    else bytes.write(octal(fields.checksum, 6), 148, "latin1");
    return bytes;
  },
  fixChecksum(bytes: Uint8Array): void {
    if (bytes.every((byte) => byte === 0)) return;
    bytes.fill(0x20, 148, 156);
    const sum = bytes.reduce((total, byte) => total + byte, 0);
    bytes.set(Buffer.from(octal(sum, 6), "latin1"), 148);
  },
};

export function tarOf(...entries: readonly (readonly [Fields, string])[]): Buffer {
  const parts = entries.flatMap(([fields, body]) => {
    const content = Buffer.from(body, "latin1");
    return [block.of(fields), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
