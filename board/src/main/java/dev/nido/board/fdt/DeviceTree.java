package dev.nido.board.fdt;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A device tree that can be read from and written to the flattened format (Devicetree Specification
 * 0.4, chapter 5), version 17. Order of nodes and properties is kept.
 */
public final class DeviceTree {

    private static final int MAGIC = 0xd00dfeed;
    private static final int HEADER = 40;
    private static final int VERSION = 17;
    private static final int COMPATIBLE_VERSION = 16;
    private static final int BEGIN_NODE = 1;
    private static final int END_NODE = 2;
    private static final int PROP = 3;
    private static final int NOP = 4;
    private static final int END = 9;
    private static final int MAX_DEPTH = 64;

    /** A node: properties, then child nodes. */
    public static final class Node {
        private final String name;
        private final Map<String, byte[]> properties = new LinkedHashMap<>();
        private final Map<String, Node> children = new LinkedHashMap<>();

        private Node(String name) {
            this.name = name;
        }

        /** Its name with unit address; empty for the root. */
        public String name() {
            return name;
        }

        /** The child of that name, made if there is none. */
        public Node child(String childName) {
            return children.computeIfAbsent(childName, Node::new);
        }

        /** The child of that name, or null. */
        public Node find(String childName) {
            return children.get(childName);
        }

        public List<Node> children() {
            return List.copyOf(children.values());
        }

        /** The property's bytes, or null. */
        public byte[] get(String property) {
            return properties.get(property);
        }

        /** Sets a property to bytes as they are. */
        public Node bytes(String property, byte[] value) {
            properties.put(property, value.clone());
            return this;
        }

        /** Sets a property without a value. */
        public Node flag(String property) {
            return bytes(property, new byte[0]);
        }

        /** Sets a property to 32-bit cells. */
        public Node cells(String property, int... values) {
            ByteBuffer buffer = ByteBuffer.allocate(4 * values.length);
            for (int value : values) {
                buffer.putInt(value);
            }
            return bytes(property, buffer.array());
        }

        /** Sets a property to 64-bit values, two cells each: addresses and sizes. */
        public Node longs(String property, long... values) {
            ByteBuffer buffer = ByteBuffer.allocate(8 * values.length);
            for (long value : values) {
                buffer.putLong(value);
            }
            return bytes(property, buffer.array());
        }

        /** Sets a property to a list of strings. */
        public Node strings(String property, String... values) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            for (String value : values) {
                out.writeBytes(value.getBytes(StandardCharsets.UTF_8));
                out.write(0);
            }
            return bytes(property, out.toByteArray());
        }

        public void remove(String property) {
            properties.remove(property);
        }
    }

    private final Node root = new Node("");
    private int bootCpu;

    public Node root() {
        return root;
    }

    /** The flattened tree. */
    public byte[] toBlob() {
        ByteArrayOutputStream structure = new ByteArrayOutputStream();
        Map<String, Integer> names = new LinkedHashMap<>();
        ByteArrayOutputStream strings = new ByteArrayOutputStream();
        write(root, structure, names, strings);
        putInt(structure, END);
        int reservations = HEADER;
        int structureAt = reservations + 16;
        int stringsAt = structureAt + structure.size();
        int total = stringsAt + strings.size() + 7 & ~7;
        ByteBuffer blob = ByteBuffer.allocate(total);
        blob.putInt(MAGIC).putInt(total).putInt(structureAt).putInt(stringsAt).putInt(reservations);
        blob.putInt(VERSION).putInt(COMPATIBLE_VERSION).putInt(bootCpu);
        blob.putInt(strings.size()).putInt(structure.size());
        blob.putLong(0).putLong(0);
        blob.put(structure.toByteArray()).put(strings.toByteArray());
        return blob.array();
    }

    private static void write(
            Node node,
            ByteArrayOutputStream out,
            Map<String, Integer> names,
            ByteArrayOutputStream strings) {
        putInt(out, BEGIN_NODE);
        out.writeBytes(node.name.getBytes(StandardCharsets.UTF_8));
        out.write(0);
        pad(out);
        node.properties.forEach((name, value) -> {
            Integer at = names.get(name);
            if (at == null) {
                at = strings.size();
                names.put(name, at);
                strings.writeBytes(name.getBytes(StandardCharsets.UTF_8));
                strings.write(0);
            }
            putInt(out, PROP);
            putInt(out, value.length);
            putInt(out, at);
            out.writeBytes(value);
            pad(out);
        });
        for (Node child : node.children.values()) {
            write(child, out, names, strings);
        }
        putInt(out, END_NODE);
    }

    private static void putInt(ByteArrayOutputStream out, int value) {
        out.write(value >>> 24);
        out.write(value >>> 16);
        out.write(value >>> 8);
        out.write(value);
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }

    /**
     * Reads a flattened tree. Memory reservations are dropped.
     *
     * @param name what to call it in messages
     * @throws DeviceTreeException if it is damaged or no device tree
     */
    public static DeviceTree parse(String name, byte[] blob) throws DeviceTreeException {
        return new Reader(name, blob).read();
    }

    /** Reads the structure block, checking every offset. */
    private static final class Reader {
        private final String name;
        private final ByteBuffer blob;
        private int at;
        private int end;
        private int strings;

        Reader(String name, byte[] bytes) {
            this.name = name;
            this.blob = ByteBuffer.wrap(bytes);
        }

        private DeviceTreeException bad(String what) {
            return new DeviceTreeException("device tree %s %s".formatted(name, what));
        }

        DeviceTree read() throws DeviceTreeException {
            if (blob.capacity() < HEADER || blob.getInt(0) != MAGIC) {
                throw bad("does not start with 0xd00dfeed; give a compiled tree (dtc -O dtb)");
            }
            int total = blob.getInt(4);
            if (total < HEADER || total > blob.capacity()) {
                throw bad(
                        "is cut short: its header says %d bytes, the file has %d"
                                .formatted(total & 0xffff_ffffL, blob.capacity()));
            }
            if (blob.getInt(20) < COMPATIBLE_VERSION || blob.getInt(24) > VERSION) {
                throw bad(
                        "has version %d; compile it again with a current dtc"
                                .formatted(blob.getInt(20)));
            }
            at = blob.getInt(8);
            strings = blob.getInt(12);
            end = total;
            if (at < HEADER || at > total || (at & 3) != 0 || strings < HEADER || strings > total) {
                throw bad("has a damaged header");
            }
            DeviceTree tree = new DeviceTree();
            tree.bootCpu = blob.getInt(28);
            if (token() != BEGIN_NODE) {
                throw bad("has no root node");
            }
            text();
            readNode(tree.root, 0);
            return tree;
        }

        private int token() throws DeviceTreeException {
            int token;
            do {
                token = word();
            } while (token == NOP);
            return token;
        }

        private int word() throws DeviceTreeException {
            if (at + 4 > end) {
                throw bad("ends in the middle of its structure");
            }
            int word = blob.getInt(at);
            at += 4;
            return word;
        }

        private String string(int from) throws DeviceTreeException {
            int to = from;
            while (to < end && blob.get(to) != 0) {
                to++;
            }
            if (from < 0 || to >= end) {
                throw bad("has a name without an end");
            }
            return new String(blob.array(), from, to - from, StandardCharsets.UTF_8);
        }

        private String text() throws DeviceTreeException {
            String text = string(at);
            int length = text.getBytes(StandardCharsets.UTF_8).length;
            at += length + 1 + 3 & ~3;
            return text;
        }

        private void readNode(Node node, int depth) throws DeviceTreeException {
            if (depth > MAX_DEPTH) {
                throw bad("is nested deeper than %d nodes".formatted(MAX_DEPTH));
            }
            while (true) {
                switch (token()) {
                    case PROP -> {
                        int length = word();
                        int nameAt = word();
                        if (length < 0
                                || length > end - at
                                || nameAt < 0
                                || nameAt > end - strings) {
                            throw bad("has a property that runs past its end");
                        }
                        byte[] value = new byte[length];
                        blob.get(at, value);
                        node.bytes(string(strings + nameAt), value);
                        at += length + 3 & ~3;
                    }
                    case BEGIN_NODE -> readNode(node.child(text()), depth + 1);
                    case END_NODE -> {
                        return;
                    }
                    default -> throw bad("has an unknown token at offset 0x%x".formatted(at - 4));
                }
            }
        }
    }

    /** The tree as source text (dts), for people and for comparison. */
    public String toSource() {
        StringBuilder out = new StringBuilder("/dts-v1/;\n\n");
        source(root, "", out);
        return out.toString();
    }

    private static void source(Node node, String indent, StringBuilder out) {
        out.append(indent).append(node.name.isEmpty() ? "/" : node.name).append(" {\n");
        node.properties.forEach((name, value) -> {
            out.append(indent).append('\t').append(name);
            if (value.length > 0) {
                out.append(" = ").append(value(value));
            }
            out.append(";\n");
        });
        for (Node child : node.children.values()) {
            source(child, indent + "\t", out);
        }
        out.append(indent).append("};\n");
    }

    private static String value(byte[] value) {
        List<String> parts = new ArrayList<>();
        if (isText(value)) {
            String text = new String(value, 0, value.length - 1, StandardCharsets.UTF_8);
            for (String part : text.split("\0", -1)) {
                parts.add('"' + part.replace("\\", "\\\\").replace("\"", "\\\"") + '"');
            }
            return String.join(", ", parts);
        }
        if (value.length % 4 == 0) {
            ByteBuffer cells = ByteBuffer.wrap(value);
            while (cells.hasRemaining()) {
                parts.add("0x%x".formatted(cells.getInt()));
            }
            return "<" + String.join(" ", parts) + ">";
        }
        for (byte b : value) {
            parts.add("%02x".formatted(b & 0xff));
        }
        return "[" + String.join(" ", parts) + "]";
    }

    private static boolean isText(byte[] value) {
        if (value[value.length - 1] != 0 || value[0] == 0) {
            return false;
        }
        for (int i = 0; i < value.length - 1; i++) {
            int c = value[i];
            boolean separator = c == 0 && value[i + 1] != 0;
            if ((c < ' ' || c > '~') && !separator) {
                return false;
            }
        }
        return true;
    }
}
