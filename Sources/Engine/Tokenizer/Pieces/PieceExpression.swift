/// A regular expression that finds pieces of a text, compiled to a program that backtracks.
///
/// It finds what Oniguruma finds: of all ways to match, the first in the order of the alternatives.
struct PieceExpression: Hashable, Sendable {
    let source: String
    private let compiled: Compiled

    static let maximumLength = 8192

    /// In one place however many steps hold it, so that pieces are cut without counting references to its parts.
    final class Compiled: Sendable {
        let program: [Instruction]
        let sets: [ScalarSet]
        let summaries: [ScalarSet.Summary]
        /// Sets of bytes, 256 bits each; a match starts with a byte of the first.
        let bytes: [UInt64]

        init(program: [Instruction], sets: [ScalarSet], bytes: [UInt64]) {
            (self.program, self.sets, self.bytes) = (program, sets, bytes)
            summaries = sets.map(\.summary)
        }
    }

    enum Instruction: Hashable, Sendable {
        /// Takes one character of a set.
        case one(Int)
        /// Takes characters of a set.
        case run(Int, atLeast: Int, atMost: Int, ExpressionTree.Greed)
        /// Goes on behind, and from the other place if that fails; at the other place at once where the text's next byte is none
        /// that what stands behind starts with.
        case split(other: Int, first: Int)
        case jump(Int)
        /// Looks for what stands up to the other place, and goes on there.
        case lookAhead(end: Int, negated: Bool)
        case lookBehind(Int, negated: Bool)
        case lineStart
        case lineEnd
        case match
        case fail
    }

    /// - Throws: a fault that names what is not supported.
    init(_ source: String) throws(TokenizerFault) {
        let tree = try ExpressionTree(parsing: source)
        guard !tree.isNullable else {
            throw TokenizerFault("the expression '\(source)' matches an empty text, which cuts nothing")
        }
        var compiler = Compiler()
        _ = compiler.index(of: tree.firstBytes)
        compiler.add(tree)
        compiler.program += [.match, .fail]
        guard compiler.program.count <= Self.maximumLength else {
            throw TokenizerFault("the expression '\(source.prefix(100))…' is too long")
        }
        self.source = source
        compiled = Compiled(program: compiler.program, sets: compiler.sets, bytes: compiler.bytes)
    }

    static func == (a: PieceExpression, b: PieceExpression) -> Bool { a.source == b.source }

    func hash(into hasher: inout Hasher) { hasher.combine(source) }

    /// Calls `body` with each match, from left to right.
    ///
    /// - Parameter text: valid UTF-8.
    @inline(__always)
    func forEachMatch(in text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        withMatcher(of: text) { matcher in
            var position = 0
            while position < text.count {
                let byte = text[position]
                if matcher.has(byte, in: 0), let end = matcher.end(at: position, running: 0), end > position {
                    body(position..<end)
                    position = end
                } else {
                    position += byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
                }
            }
        }
    }

    @inline(__always)
    private func withMatcher(of text: UnsafeBufferPointer<UInt8>, _ body: (inout Matcher) -> Void) {
        compiled.program.withUnsafeBufferPointer { program in
            compiled.summaries.withUnsafeBufferPointer { summaries in
                compiled.bytes.withUnsafeBufferPointer { bytes in
                    withUnsafeTemporaryAllocation(of: Trail.self, capacity: 32) { buffer in
                        var matcher = Matcher(
                            program: program, summaries: summaries, bytes: bytes, compiled: compiled, text: text,
                            trails: TrailStack(near: buffer))
                        body(&matcher)
                    }
                }
            }
        }
    }
}
