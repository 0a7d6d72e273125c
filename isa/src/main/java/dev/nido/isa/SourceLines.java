package dev.nido.isa;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The statements of a source text, one after another: comments removed, lines split at {@code ;},
 * and {@code .macro}, {@code .rept} and {@code .if} expanded.
 */
final class SourceLines {

    /** One statement and the line it came from; in a macro's body the line of the call. */
    record Statement(int line, String text) {}

    /** Evaluates a constant expression at the current state of the assembly. */
    interface Evaluator {
        long value(int line, String expression);
    }

    private record Macro(List<String> parameters, List<String> defaults, List<Statement> body) {}

    private final String source;
    private final Evaluator evaluator;
    private final Deque<Statement> waiting = new ArrayDeque<>();
    private final Map<String, Macro> macros = new HashMap<>();

    /** For each open {@code .if}: 0 skipping, 1 taken, 2 done (a branch was taken before). */
    private final Deque<Integer> conditions = new ArrayDeque<>();

    private int expansions;

    SourceLines(String source, String text, Evaluator evaluator) {
        this.source = source;
        this.evaluator = evaluator;
        int line = 0;
        boolean comment = false;
        for (String l : text.split("\n", -1)) {
            line++;
            StringBuilder out = new StringBuilder();
            comment = strip(l, comment, line, out);
            add(line, out.toString());
        }
    }

    private void add(int line, String text) {
        if (!text.isBlank()) {
            waiting.add(new Statement(line, text));
        }
    }

    /** Copies a line without its comments; statements after a {@code ;} are added on their own. */
    private boolean strip(String l, boolean inComment, int line, StringBuilder out) {
        boolean comment = inComment;
        boolean quoted = false;
        for (int i = 0; i < l.length(); i++) {
            char c = l.charAt(i);
            if (comment) {
                if (l.startsWith("*/", i)) {
                    comment = false;
                    i++;
                }
            } else if (quoted) {
                out.append(c);
                if (c == '\\' && i + 1 < l.length()) {
                    out.append(l.charAt(++i));
                } else if (c == '"') {
                    quoted = false;
                }
            } else if (l.startsWith("//", i) || c == '#' && out.toString().isBlank()) {
                return false;
            } else if (l.startsWith("/*", i)) {
                comment = true;
                i++;
            } else if (c == '\'' && i + 2 < l.length() && l.charAt(i + 2) == '\'') {
                out.append(l, i, i + 3);
                i += 2;
            } else if (c == ';') {
                add(line, out.toString());
                out.setLength(0);
            } else {
                quoted = c == '"';
                out.append(c);
            }
        }
        return comment;
    }

    /** The next statement; null at the end. */
    Statement next() {
        while (!waiting.isEmpty()) {
            Statement s = waiting.poll();
            String text = s.text.strip();
            int space = 0;
            while (space < text.length() && !Character.isWhitespace(text.charAt(space))) {
                space++;
            }
            String word = text.substring(0, space);
            String rest = text.substring(space).strip();
            if (conditional(s, word, rest)) {
                continue;
            }
            if (word.endsWith(":") && !rest.isEmpty()) {
                waiting.addFirst(new Statement(s.line, rest));
                waiting.addFirst(new Statement(s.line, word));
                continue;
            }
            if (!conditions.isEmpty() && conditions.peek() != 1) {
                continue;
            }
            switch (word) {
                case ".macro" -> define(s, rest);
                case ".rept" -> repeat(s, rest);
                case ".endm", ".endr" -> throw error(s.line, word + " without a beginning");
                default -> {
                    Macro m = macros.get(word);
                    if (m == null) {
                        return s;
                    }
                    expand(s, m, rest);
                }
            }
        }
        if (!conditions.isEmpty()) {
            throw error(0, ".if without .endif");
        }
        return null;
    }

    private boolean conditional(Statement s, String word, String rest) {
        switch (word) {
            case ".if" -> {
                boolean active = conditions.isEmpty() || conditions.peek() == 1;
                conditions.push(!active ? 2 : condition(s.line, rest) ? 1 : 0);
            }
            case ".else" -> {
                if (conditions.isEmpty()) {
                    throw error(s.line, ".else without .if");
                }
                conditions.push(conditions.pop() == 0 ? 1 : 2);
            }
            case ".endif" -> {
                if (conditions.isEmpty()) {
                    throw error(s.line, ".endif without .if");
                }
                conditions.pop();
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean condition(int line, String text) {
        for (String op : new String[] {"==", "!=", "<=", ">=", "<<", ">>", "<", ">"}) {
            int at = text.indexOf(op);
            if (at > 0 && !op.equals("<<") && !op.equals(">>")) {
                long a = evaluator.value(line, text.substring(0, at));
                long b = evaluator.value(line, text.substring(at + op.length()));
                return switch (op) {
                    case "==" -> a == b;
                    case "!=" -> a != b;
                    case "<=" -> a <= b;
                    case ">=" -> a >= b;
                    case "<" -> a < b;
                    default -> a > b;
                };
            }
        }
        return evaluator.value(line, text) != 0;
    }

    private List<Statement> body(Statement start, String open, String close) {
        List<Statement> body = new ArrayList<>();
        int depth = 1;
        while (!waiting.isEmpty()) {
            Statement s = waiting.poll();
            String text = s.text.strip();
            if (text.startsWith(open)) {
                depth++;
            } else if (text.startsWith(close) && --depth == 0) {
                return body;
            }
            body.add(s);
        }
        throw error(start.line, open + " without " + close);
    }

    private void define(Statement s, String rest) {
        String[] words = rest.replace(',', ' ').strip().split("\\s+");
        List<String> names = new ArrayList<>();
        List<String> defaults = new ArrayList<>();
        for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            String name = equals < 0 ? words[i] : words[i].substring(0, equals);
            names.add(name.endsWith(":req") ? name.substring(0, name.length() - 4) : name);
            defaults.add(equals < 0 ? "" : words[i].substring(equals + 1));
        }
        macros.put(words[0], new Macro(names, defaults, body(s, ".macro", ".endm")));
    }

    private void repeat(Statement s, String rest) {
        long count = evaluator.value(s.line, rest);
        List<Statement> body = body(s, ".rept", ".endr");
        if (count < 0 || count * body.size() > 1 << 20) {
            throw error(s.line, ".rept count out of range");
        }
        for (long i = 0; i < count; i++) {
            for (int j = body.size() - 1; j >= 0; j--) {
                waiting.addFirst(body.get(j));
            }
        }
    }

    private void expand(Statement call, Macro m, String rest) {
        if (++expansions > 1 << 20) {
            throw error(call.line, "macros expand without end");
        }
        List<String> arguments = rest.isEmpty() ? List.of() : Assembler.arguments(rest);
        if (arguments.size() > m.parameters.size()) {
            throw error(call.line, "too many macro arguments");
        }
        for (int j = m.body.size() - 1; j >= 0; j--) {
            String text = m.body.get(j).text.replace("\\@", Integer.toString(expansions));
            for (int pass = 0; pass < m.parameters.size(); pass++) {
                // Longer names first, so that \ab is not taken for \a.
                int i = byLength(m.parameters, pass);
                String value = i < arguments.size() ? arguments.get(i) : m.defaults.get(i);
                if (value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"")) {
                    // As GNU as does: the quotes only hold the argument together.
                    value = value.substring(1, value.length() - 1);
                }
                text = text.replace("\\" + m.parameters.get(i), value);
            }
            waiting.addFirst(new Statement(call.line, text.replace("\\()", "")));
        }
    }

    private static int byLength(List<String> names, int rank) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            order.add(i);
        }
        order.sort((a, b) -> names.get(b).length() - names.get(a).length());
        return order.get(rank);
    }

    private AssemblyException error(int line, String message) {
        return new AssemblyException(source, line, message);
    }
}
