/// A nondeterministic automaton that accepts a pattern's texts, with each state's distance from acceptance.
struct ByteAutomaton: Sendable {
    struct Edge: Sendable {
        var bytes: ClosedRange<UInt8>
        var target: Int
    }

    private(set) var edges: [[Edge]] = [[], []]
    private var silent: [[Int]] = [[], []]
    /// Bytes of the shortest text from each state to acceptance; `nil` where there is none.
    private(set) var distances: [Int?] = []

    static let start = 0
    static let accepting = 1

    init(_ pattern: BytePattern) {
        add(pattern, from: Self.start, to: Self.accepting)
        measureDistances()
    }

    /// What is reached from states without reading a byte, and can still be accepted; sorted.
    func closure(of states: some Sequence<Int>) -> [Int] {
        var found = Set(states)
        var waiting = Array(found)
        while let state = waiting.popLast() {
            for next in silent[state] where found.insert(next).inserted { waiting.append(next) }
        }
        return found.filter { distances[$0] != nil }.sorted()
    }

    private mutating func state() -> Int {
        edges.append([])
        silent.append([])
        return edges.count - 1
    }

    private mutating func add(_ pattern: BytePattern, from start: Int, to end: Int) {
        switch pattern {
        case .byte(let bytes): edges[start].append(Edge(bytes: bytes, target: end))
        case .literal(let bytes): add(.sequence(bytes.map { .byte($0...$0) }), from: start, to: end)
        case .sequence(let parts):
            var place = start
            for part in parts {
                let next = state()
                add(part, from: place, to: next)
                place = next
            }
            silent[place].append(end)
        case .choice(let parts):
            for part in parts { add(part, from: start, to: end) }
        case .repeated(let part):
            let loop = state()
            silent[start].append(loop)
            add(part, from: loop, to: loop)
            silent[loop].append(end)
        case .members(let members): add(members, from: start, to: end)
        }
    }

    /// Two rows of states: before any member was written, and after one.
    private mutating func add(_ members: [BytePattern.Member], from start: Int, to end: Int) {
        var (empty, begun) = (start, state())
        for member in members {
            let (nextEmpty, nextBegun, value) = (state(), state(), state())
            silent[empty].append(value)
            edges[begun].append(Edge(bytes: UInt8(ascii: ",")...UInt8(ascii: ","), target: value))
            add(member.pattern, from: value, to: nextBegun)
            if !member.isRequired {
                silent[empty].append(nextEmpty)
                silent[begun].append(nextBegun)
            }
            (empty, begun) = (nextEmpty, nextBegun)
        }
        silent[empty].append(end)
        silent[begun].append(end)
    }

    /// Breadth first from the end, along the edges backwards.
    private mutating func measureDistances() {
        var readers = [[Int]](repeating: [], count: edges.count)
        var followers = readers
        for state in edges.indices {
            for edge in edges[state] { readers[edge.target].append(state) }
            for next in silent[state] { followers[next].append(state) }
        }
        distances = [Int?](repeating: nil, count: edges.count)
        var level = [Self.accepting]
        var distance = 0
        while !level.isEmpty {
            var next: [Int] = []
            while let state = level.popLast() {
                if distances[state] != nil { continue }
                distances[state] = distance
                level += followers[state]
                next += readers[state]
            }
            level = next
            distance += 1
        }
    }
}
