extension PieceExpression {
    /// Where matching goes on when what comes later fails.
    struct Trail {
        var instruction: Int
        var position: Int
        /// For a run: the other end of the positions that are left to try.
        var limit: Int
        var isLazy = false
    }

    /// Trails, the first of them in a buffer at hand.
    struct TrailStack {
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

    struct Matcher {
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
}
