/// A regular expression that finds pieces of a text, compiled to a program that backtracks.
///
/// It finds what Oniguruma finds: of all ways to match, the first in the order of the alternatives.
struct PieceExpression: Hashable, Sendable {
    let source: String
    private let compiled: Compiled

    private static let maximumLength = 8192

    /// In one place however many steps hold it, so that pieces are cut without counting references to its parts.
    private final class Compiled: Sendable {
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

    private enum Instruction: Hashable, Sendable {
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

    // MARK: Matching

    /// Where matching goes on when what comes later fails.
    private struct Trail {
        var instruction: Int
        var position: Int
        /// For a run: the other end of the positions that are left to try.
        var limit: Int
        var isLazy = false
    }

    /// Trails, the first of them in a buffer at hand.
    private struct TrailStack {
        private let near: UnsafeMutableBufferPointer<Trail>
        private var far: [Trail] = []
        private(set) var count = 0

        init(near: UnsafeMutableBufferPointer<Trail>) { self.near = near }

        @inline(__always) mutating func push(_ trail: Trail) {
            if count < near.count { near.initializeElement(at: count, to: trail) } else { far.append(trail) }
            count += 1
        }

        @inline(__always) mutating func pop() -> Trail {
            count -= 1
            return count < near.count ? near[count] : far.removeLast()
        }

        @inline(__always) mutating func cut(to count: Int) { while self.count > count { _ = pop() } }
    }

    private struct Matcher {
        let program: UnsafeBufferPointer<Instruction>
        let summaries: UnsafeBufferPointer<ScalarSet.Summary>
        let bytes: UnsafeBufferPointer<UInt64>
        unowned(unsafe) let compiled: Compiled
        let text: UnsafeBufferPointer<UInt8>
        var trails: TrailStack

        /// Whether a set of bytes has a byte.
        @inline(__always) func has(_ byte: UInt8, in set: Int) -> Bool {
            bytes[4 * set + Int(byte >> 6)] >> UInt64(byte & 63) & 1 != 0
        }

        /// Where the character at a position before the end ends; nil where it is not in the set.
        @inline(__always) func end(of set: Int, at position: Int) -> Int? {
            let byte = text[position]
            if byte < 0x80 { return summaries[set].containsASCII(byte) ? position + 1 : nil }
            let (scalar, end) = text.scalar(at: position)
            return summaries[set].contains(scalar) ?? compiled.sets[set].rule.contains(scalar) ? end : nil
        }

        /// Where a match that starts at a position ends.
        mutating func end(at start: Int, running first: Int) -> Int? {
            let base = trails.count
            var position = start
            var place = first
            while true {
                let goesOn: Bool
                switch program[place] {
                case .one(let set):
                    if position < text.count, let next = end(of: set, at: position) {
                        (position, place, goesOn) = (next, place + 1, true)
                    } else {
                        goesOn = false
                    }
                case .run(let set, let least, let most, let greed):
                    goesOn = run(set, least, greed == .lazy ? least : most, greed, place, &position)
                    place += 1
                case .split(let other, let first):
                    goesOn = true
                    if first >= 0, position == text.count || !has(text[position], in: first) {
                        place = other
                    } else {
                        trails.push(Trail(instruction: other, position: position, limit: position))
                        place += 1
                    }
                case .jump(let other): (place, goesOn) = (other, true)
                case .lookAhead(let end, let negated):
                    let found = self.end(at: position, running: place + 1) != nil
                    (place, goesOn) = (end, found != negated)
                case .lookBehind(let set, let negated):
                    let found = position > 0 && end(of: set, at: text.startOfCharacter(before: position)) != nil
                    (place, goesOn) = (place + 1, found != negated)
                case .lineStart: (place, goesOn) = (place + 1, position == 0 || text[position - 1] == 0x0A)
                case .lineEnd: (place, goesOn) = (place + 1, position == text.count || text[position] == 0x0A)
                case .fail: goesOn = false
                case .match:
                    trails.cut(to: base)
                    return position
                }
                if goesOn { continue }
                guard trails.count > base else { return nil }
                (place, position) = resume(trails.pop())
            }
        }

        /// Takes a run; leaves the ends that are left to try on the trails.
        @inline(__always) private mutating func run(
            _ set: Int, _ least: Int, _ most: Int, _ greed: ExpressionTree.Greed, _ place: Int, _ position: inout Int
        ) -> Bool {
            var count = 0
            var earliest = position
            while count < most, position < text.count, let next = end(of: set, at: position) {
                position = next
                count += 1
                if count == least { earliest = position }
            }
            guard count >= least else { return false }
            switch greed {
            case .greedy where position > earliest && !isMatch(place + 1):
                trails.push(Trail(instruction: place + 1, position: position, limit: earliest))
            case .lazy: trails.push(Trail(instruction: place, position: position, limit: count, isLazy: true))
            default: break
            }
            return true
        }

        /// Whether nothing is left to match at an instruction, so that nothing can fail.
        @inline(__always) private func isMatch(_ place: Int) -> Bool {
            var place = place
            while case .jump(let other) = program[place] { place = other }
            if case .match = program[place] { return true }
            return false
        }

        /// The next way after one that failed: a greedy run gives back a character, a lazy one takes another.
        private mutating func resume(_ back: Trail) -> (Int, Int) {
            var back = back
            if back.isLazy {
                guard case .run(let set, _, let most, _) = program[back.instruction], back.limit < most,
                    back.position < text.count, let next = end(of: set, at: back.position)
                else { return (program.count - 1, back.position) }
                (back.position, back.limit) = (next, back.limit + 1)
                trails.push(back)
                return (back.instruction + 1, next)
            }
            guard back.position > back.limit else { return (back.instruction, back.position) }
            back.position = text.startOfCharacter(before: back.position)
            if back.position > back.limit { trails.push(back) }
            return (back.instruction, back.position)
        }
    }

    // MARK: Compiling

    private struct Compiler {
        var program: [Instruction] = []
        var sets: [ScalarSet] = []
        var bytes: [UInt64] = []

        mutating func add(_ tree: ExpressionTree) {
            guard program.count <= PieceExpression.maximumLength else { return }
            switch tree {
            case .set(let set): program.append(.one(index(of: set)))
            case .sequence(let parts): parts.forEach { add($0) }
            case .choice(let parts): add(choice: parts[...])
            case .repeated(.set(let set), let least, let most, let greed):
                program.append(.run(index(of: set), atLeast: least, atMost: most ?? .max, greed))
            case .repeated(let part, let least, let most, _):
                for _ in 0..<least { add(part) }
                add(part, upTo: most.map { $0 - least })
            case .lookAhead(let part, let negated):
                let place = program.count
                program.append(.fail)
                add(part)
                program.append(.match)
                program[place] = .lookAhead(end: program.count, negated: negated)
            case .lookBehind(let set, let negated): program.append(.lookBehind(index(of: set), negated: negated))
            case .lineStart: program.append(.lineStart)
            case .lineEnd: program.append(.lineEnd)
            }
        }

        private mutating func add(choice parts: ArraySlice<ExpressionTree>) {
            guard let first = parts.first else { return }
            guard parts.count > 1 else { return add(first) }
            let split = program.count
            program.append(.fail)
            add(first)
            let jump = program.count
            program.append(.fail)
            program[split] = .split(other: program.count, first: start(of: first))
            add(choice: parts.dropFirst())
            program[jump] = .jump(program.count)
        }

        /// A part again and again; without a limit where there is no count.
        private mutating func add(_ part: ExpressionTree, upTo count: Int?) {
            var splits: [Int] = []
            for _ in 0..<(count ?? 1) where program.count <= PieceExpression.maximumLength {
                splits.append(program.count)
                program.append(.fail)
                add(part)
            }
            if count == nil, let first = splits.first { program.append(.jump(first)) }
            for split in splits { program[split] = .split(other: program.count, first: start(of: part)) }
        }

        /// The set of bytes that a part starts with; -1 where it may match nothing.
        private mutating func start(of part: ExpressionTree) -> Int { part.isNullable ? -1 : index(of: part.firstBytes) }

        mutating func index(of set: Set<UInt8>) -> Int {
            var words: [UInt64] = [0, 0, 0, 0]
            for byte in set { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
            for place in 0..<bytes.count / 4 where Array(bytes[4 * place..<4 * place + 4]) == words { return place }
            bytes += words
            return bytes.count / 4 - 1
        }

        private mutating func index(of set: ScalarSet) -> Int {
            if let index = sets.firstIndex(of: set) { return index }
            sets.append(set)
            return sets.count - 1
        }
    }
}
