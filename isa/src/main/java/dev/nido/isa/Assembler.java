package dev.nido.isa;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Assembles A64 text in GNU syntax into one block of memory.
 *
 * <p>Labels ({@code name:}, and local {@code 1:} with {@code 1f}, {@code 1b}), expressions ({@link
 * Expression}), all mnemonics and aliases of {@link A64} and {@link Alias}, {@code ldr x0, =value}
 * with a literal pool ({@code .ltorg}, or the end), {@code name = value}, comments {@code //},
 * {@code ;}-separated statements, and the directives {@code .word .quad .hword .byte .ascii .asciz
 * .string .inst .align .p2align .balign .space .skip .zero .fill .org .equ .set .ltorg .macro .rept
 * .if}. There is one section; {@code .text .data .section .global .type .size .arch} and the like
 * are accepted and ignored.
 */
public final class Assembler {

    /**
     * What a source text became.
     *
     * @param origin address of the first byte
     * @param bytes the memory image, little endian
     * @param symbols labels and {@code .equ} constants with their values, in order of definition
     */
    public record Program(long origin, byte[] bytes, Map<String, Long> symbols) {

        /** The address or value of a symbol. */
        public long symbol(String name) {
            Long v = symbols.get(name);
            if (v == null) {
                throw new IllegalArgumentException("no symbol " + name);
            }
            return v;
        }

        /** The image as 32-bit words; its length is rounded up with zeros. */
        public int[] words() {
            int[] words = new int[(bytes.length + 3) / 4];
            ByteBuffer.wrap(Arrays.copyOf(bytes, words.length * 4))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asIntBuffer()
                    .get(words);
            return words;
        }
    }

    /** A statement whose bytes need the values of symbols. */
    private record Pending(int line, int offset, String mnemonic, String operands, long pc) {}

    /** A literal of the pool. */
    private record Literal(int line, String text, int size) {}

    private final String source;
    private final long origin;
    private final Map<String, Long> symbols = new LinkedHashMap<>();

    /** Addresses of local labels by number, in order. */
    private final Map<Integer, List<Long>> locals = new HashMap<>();

    private final Map<String, Long> literalAddresses = new HashMap<>();
    private final Map<String, Literal> pool = new LinkedHashMap<>();
    private final List<Pending> pending = new ArrayList<>();
    private byte[] image = new byte[256];
    private int size;
    private int poolNumber;

    private Assembler(String source, long origin) {
        this.source = source;
        this.origin = origin;
    }

    /**
     * Assembles a source text.
     *
     * @param text the source
     * @param origin address of its first byte
     * @throws AssemblyException if the text is not understood
     */
    public static Program assemble(String text, long origin) {
        return assemble("line", text, origin, Map.of());
    }

    /**
     * Assembles a source text.
     *
     * @param source name of the source in messages
     * @param text the source
     * @param origin address of its first byte
     * @param constants symbols that are defined from the start
     * @throws AssemblyException if the text is not understood
     */
    public static Program assemble(
            String source, String text, long origin, Map<String, Long> constants) {
        Assembler a = new Assembler(source, origin);
        a.symbols.putAll(constants);
        a.run(text);
        return new Program(
                origin,
                Arrays.copyOf(a.image, a.size),
                java.util.Collections.unmodifiableMap(a.symbols));
    }

    /**
     * Assembles a single instruction without symbols.
     *
     * @param pc address of the instruction
     * @throws AssemblyException if the text is not understood
     */
    public static int word(long pc, String instruction) {
        int[] words = assemble("instruction", instruction, pc, Map.of()).words();
        if (words.length != 1) {
            throw new AssemblyException("instruction", 1, "one instruction expected");
        }
        return words[0];
    }

    private void run(String text) {
        SourceLines lines = new SourceLines(source, text, this::evaluate);
        SourceLines.Statement s;
        while ((s = lines.next()) != null) {
            statement(s.line(), s.text());
        }
        flushPool();
        for (Pending p : pending) {
            if (p.mnemonic.startsWith(".")) {
                data(p);
            } else {
                put(p.offset, 4, encode(p.line, p.mnemonic, p.operands, p.pc));
            }
        }
    }

    private void statement(int line, String text) {
        String rest = text.strip();
        while (true) {
            int end = 0;
            while (end < rest.length() && Expression.isSymbolPart(rest.charAt(end))) {
                end++;
            }
            int after = end;
            while (after < rest.length() && Character.isWhitespace(rest.charAt(after))) {
                after++;
            }
            if (end == 0 || after == rest.length() || rest.charAt(after) != ':') {
                break;
            }
            label(line, rest.substring(0, end));
            rest = rest.substring(after + 1).strip();
        }
        if (rest.isEmpty()) {
            return;
        }
        int equals = rest.indexOf('=');
        if (equals > 0 && isSymbol(rest.substring(0, equals).strip())) {
            define(line, rest.substring(0, equals).strip(), rest.substring(equals + 1));
            return;
        }
        int space = 0;
        while (space < rest.length() && !Character.isWhitespace(rest.charAt(space))) {
            space++;
        }
        String mnemonic = rest.substring(0, space).toLowerCase(Locale.ROOT);
        String operands = rest.substring(space).strip();
        if (mnemonic.startsWith(".")) {
            directive(line, mnemonic, operands);
        } else {
            instruction(line, mnemonic, operands);
        }
    }

    private static boolean isSymbol(String text) {
        return !text.isEmpty()
                && !Character.isDigit(text.charAt(0))
                && text.chars().allMatch(c -> Expression.isSymbolPart((char) c));
    }

    private void label(int line, String name) {
        if (Character.isDigit(name.charAt(0))) {
            try {
                locals.computeIfAbsent(Integer.valueOf(name), k -> new ArrayList<>()).add(here());
            } catch (NumberFormatException e) {
                throw error(line, "malformed label " + name);
            }
        } else if (symbols.putIfAbsent(name, here()) != null) {
            throw error(line, "symbol " + name + " is already defined");
        }
    }

    private void define(int line, String name, String expression) {
        symbols.put(name, now(line, expression));
    }

    private long here() {
        return origin + size;
    }

    private void instruction(int line, String name, String operands) {
        String mnemonic = name;
        if (mnemonic.equals("b.hs")) {
            mnemonic = "b.cs";
        } else if (mnemonic.equals("b.lo") || mnemonic.equals("b.ul")) {
            mnemonic = "b.cc";
        }
        if (Syntax.forms(mnemonic) == null) {
            throw error(line, "unknown instruction " + name);
        }
        if ((size & 3) != 0) {
            throw error(line, "instruction at an address that is not a multiple of 4");
        }
        String text = operands;
        int literal = text.indexOf('=');
        if (mnemonic.equals("ldr") && literal > 0) {
            text = text.substring(0, literal) + literal(line, text, literal);
        }
        pending.add(new Pending(line, size, mnemonic, text, here()));
        reserve(4);
    }

    /** Puts a value in the pool; the result stands for its address in the operand text. */
    private String literal(int line, String operands, int at) {
        String value = operands.substring(at + 1).strip();
        char register = Character.toLowerCase(operands.strip().charAt(0));
        int bytes = register == 'w' || register == 's' ? 4 : 8;
        String key = "=" + poolNumber + "/" + bytes + "/" + value;
        pool.putIfAbsent(key, new Literal(line, value, bytes));
        return key;
    }

    private void flushPool() {
        for (int bytes = 8; bytes >= 4; bytes -= 4) {
            for (Map.Entry<String, Literal> e : pool.entrySet()) {
                Literal l = e.getValue();
                if (l.size == bytes) {
                    align(bytes, 0);
                    literalAddresses.put(e.getKey(), here());
                    pending.add(
                            new Pending(
                                    l.line, size, bytes == 8 ? ".quad" : ".word", l.text, here()));
                    reserve(bytes);
                }
            }
        }
        pool.clear();
        poolNumber++;
    }

    private void directive(int line, String name, String operands) {
        switch (name) {
            case ".word", ".long", ".int", ".4byte", ".inst" -> values(line, name, operands, 4);
            case ".quad", ".xword", ".8byte", ".dword" -> values(line, name, operands, 8);
            case ".hword", ".short", ".2byte" -> values(line, name, operands, 2);
            case ".byte" -> values(line, name, operands, 1);
            case ".ascii" -> strings(line, operands, false);
            case ".asciz", ".string" -> strings(line, operands, true);
            case ".align", ".p2align" -> {
                long power = now(line, arguments(operands).getFirst());
                if (power < 0 || power > 30) {
                    throw error(line, "alignment out of range");
                }
                align(1 << power, 0);
            }
            case ".balign" -> {
                List<String> a = arguments(operands);
                long to = now(line, a.getFirst());
                if (to < 1 || to > 1 << 30 || Long.bitCount(to) != 1) {
                    throw error(line, "alignment must be a power of two");
                }
                align(
                        (int) to,
                        a.size() > 1 && !a.get(1).isBlank() ? (int) now(line, a.get(1)) : 0);
            }
            case ".space", ".skip", ".zero" -> {
                List<String> a = arguments(operands);
                fill(line, now(line, a.getFirst()), 1, a.size() > 1 ? now(line, a.get(1)) : 0);
            }
            case ".fill" -> {
                List<String> a = arguments(operands);
                long width = a.size() > 1 ? now(line, a.get(1)) : 1;
                if (width < 1 || width > 8) {
                    throw error(line, ".fill size must be 1 to 8");
                }
                fill(
                        line,
                        now(line, a.getFirst()),
                        (int) width,
                        a.size() > 2 ? now(line, a.get(2)) : 0);
            }
            case ".org" -> {
                long to = now(line, operands) - origin;
                // As in GNU as, a small value counts from the start of the section.
                to = to < 0 ? to + origin : to;
                if (to < size || to > 1 << 30) {
                    throw error(line, ".org must not move backwards");
                }
                fill(line, to - size, 1, 0);
            }
            case ".equ", ".set" -> {
                int comma = operands.indexOf(',');
                if (comma < 0 || !isSymbol(operands.substring(0, comma).strip())) {
                    throw error(line, "name and value expected");
                }
                define(line, operands.substring(0, comma).strip(), operands.substring(comma + 1));
            }
            case ".ltorg", ".pool" -> flushPool();
            case ".text",
                    ".data",
                    ".bss",
                    ".section",
                    ".global",
                    ".globl",
                    ".local",
                    ".weak",
                    ".hidden",
                    ".type",
                    ".size",
                    ".arch",
                    ".arch_extension",
                    ".cpu",
                    ".file",
                    ".ident",
                    ".end" -> {}
            default -> throw error(line, "unknown directive " + name);
        }
    }

    private void values(int line, String name, String operands, int width) {
        for (String v : arguments(operands)) {
            if (v.isBlank()) {
                throw error(line, "value expected");
            }
            String directive =
                    width == 4 ? ".word" : width == 8 ? ".quad" : width == 2 ? ".hword" : ".byte";
            if (name.equals(".inst") && (size & 3) != 0) {
                throw error(line, "instruction at an address that is not a multiple of 4");
            }
            pending.add(new Pending(line, size, directive, v, here()));
            reserve(width);
        }
    }

    private void data(Pending p) {
        int width =
                switch (p.mnemonic) {
                    case ".quad" -> 8;
                    case ".word" -> 4;
                    case ".hword" -> 2;
                    default -> 1;
                };
        long v = value(p.line, p.operands, p.pc);
        if (width < 8 && v >> width * 8 != 0 && v >> width * 8 - 1 != -1) {
            throw error(p.line, "value does not fit in " + width + " bytes");
        }
        put(p.offset, width, v);
    }

    private void strings(int line, String operands, boolean terminated) {
        int at = 0;
        while (true) {
            while (at < operands.length() && Character.isWhitespace(operands.charAt(at))) {
                at++;
            }
            if (at == operands.length() || operands.charAt(at) != '"') {
                throw error(line, "string expected");
            }
            StringBuilder s = new StringBuilder();
            for (at++; at < operands.length() && operands.charAt(at) != '"'; at++) {
                char c = operands.charAt(at);
                if (c == '\\' && at + 1 < operands.length()) {
                    c = Expression.escape(operands.charAt(++at));
                }
                s.append(c);
            }
            if (at == operands.length()) {
                throw error(line, "string is not closed");
            }
            at++;
            for (byte b : s.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
                fill(line, 1, 1, b);
            }
            if (terminated) {
                fill(line, 1, 1, 0);
            }
            while (at < operands.length() && Character.isWhitespace(operands.charAt(at))) {
                at++;
            }
            if (at == operands.length()) {
                return;
            }
            if (operands.charAt(at) != ',') {
                throw error(line, "',' expected");
            }
            at++;
        }
    }

    /** Splits at commas outside parentheses and character constants. */
    static List<String> arguments(String text) {
        List<String> list = new ArrayList<>();
        int depth = 0;
        int start = 0;
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == '\''
                    && !quoted
                    && i + 2 < text.length()
                    && text.charAt(i + 2) == '\'') {
                i += 2;
            } else if (!quoted && c == '(') {
                depth++;
            } else if (!quoted && c == ')') {
                depth--;
            } else if (!quoted && c == ',' && depth == 0) {
                list.add(text.substring(start, i).strip());
                start = i + 1;
            }
        }
        list.add(text.substring(start).strip());
        return list;
    }

    private void align(int to, int value) {
        while ((here() & to - 1) != 0) {
            reserve(1);
            image[size - 1] = (byte) value;
        }
    }

    private void fill(int line, long count, int width, long value) {
        if (count < 0 || count * width > 1 << 30) {
            throw error(line, "size out of range");
        }
        for (long i = 0; i < count; i++) {
            reserve(width);
            put(size - width, width, value);
        }
    }

    private void reserve(int bytes) {
        size += bytes;
        if (size > image.length) {
            image = Arrays.copyOf(image, Math.max(size, image.length * 2));
        }
    }

    private void put(int offset, int width, long value) {
        for (int i = 0; i < width; i++) {
            image[offset + i] = (byte) (value >>> 8 * i);
        }
    }

    private int encode(int line, String mnemonic, String operands, long pc) {
        Mismatch best = null;
        for (Syntax.Spelling s : Syntax.forms(mnemonic)) {
            try {
                return Syntax.encode(s, new OperandText(operands, scope(pc)), pc);
            } catch (Mismatch m) {
                if (best == null || m.position > best.position) {
                    best = m;
                }
            }
        }
        String shown = operands.replaceAll("=\\d+/\\d/", "=");
        throw error(line, best.getMessage() + ": " + mnemonic + " " + shown);
    }

    private Expression.Scope scope(long pc) {
        return name -> resolve(name, pc);
    }

    private Long resolve(String name, long pc) {
        if (name.equals(".")) {
            return pc;
        }
        Long v = symbols.get(name);
        if (v == null && name.startsWith("=")) {
            return literalAddresses.get(name);
        }
        if (v == null && Character.isDigit(name.charAt(0))) {
            return local(name, pc);
        }
        return v;
    }

    /** The nearest {@code 1:} before ({@code 1b}) or after ({@code 1f}) an address. */
    private Long local(String name, long pc) {
        int number;
        try {
            number = Integer.parseInt(name.substring(0, name.length() - 1));
        } catch (NumberFormatException e) {
            return null;
        }
        boolean forward = name.endsWith("f");
        Long found = null;
        for (Long a : locals.getOrDefault(number, List.of())) {
            if (forward && a > pc) {
                return a;
            }
            if (!forward && a <= pc) {
                found = a;
            }
        }
        return found;
    }

    /** The value of an expression of which all symbols must be known already. */
    private long now(int line, String expression) {
        return value(line, expression, here());
    }

    private long evaluate(int line, String expression) {
        return now(line, expression);
    }

    private long value(int line, String expression, long pc) {
        Expression e = new Expression(expression, 0, scope(pc));
        try {
            long v = e.evaluate();
            if (!expression.substring(e.position()).isBlank()) {
                throw error(
                        line,
                        "unexpected text after " + expression.substring(0, e.position()).strip());
            }
            return v;
        } catch (Expression.Malformed m) {
            throw error(line, m.getMessage());
        }
    }

    private AssemblyException error(int line, String message) {
        return new AssemblyException(source, line, message);
    }
}
