extension PieceExpression {
    /// Lays a tree out as a program.
    struct Compiler {
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
