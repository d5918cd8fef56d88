/// A nondeterministic automaton that accepts the texts of a pattern, with each state's distance from acceptance.
struct ByteAutomaton: Sendable {
    struct Edge: Sendable {
        var bytes: ClosedRange<UInt8>
        var target: Int
    }

    private(set) var edges: [[Edge]] = [[], []]
    private var silent: [[Int]] = [[], []]
    /// Length of the shortest text from each state to acceptance; `nil` where there is none.
    private(set) var distances: [Int?] = []

    static let start = 0
    static let accepting = 1

    init(_ pattern: BytePattern) {
        add(pattern, from: Self.start, to: Self.accepting)
        measureDistances()
    }

    /// The states that are reached without reading a byte and that can still accept, sorted.
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
        case .separated(let part, let separator):
            // One copy of the part, so that lists in lists do not double with each level.
            let (before, behind) = (state(), state())
            silent[start].append(before)
            add(part, from: before, to: behind)
            add(.literal(separator), from: behind, to: before)
            silent[behind].append(end)
        case .part(let pieces): add(pieces, from: start, to: end)
        case .members(let members, let separator): add(members, separator, from: start, to: end)
        }
    }

    /// Adds a state before each piece and one behind it: a part begins and ends at any.
    private mutating func add(_ pieces: [BytePattern.Piece], from start: Int, to end: Int) {
        var last: Int?
        for piece in pieces {
            let (before, behind) = (state(), state())
            silent[start].append(before)
            if let last { add(.literal(piece.gap), from: last, to: before) }
            add(.literal(piece.bytes), from: before, to: behind)
            silent[behind].append(end)
            last = behind
        }
    }

    /// Adds two rows of states: before any member, and after one.
    private mutating func add(
        _ members: [BytePattern.Member], _ separator: [UInt8], from start: Int, to end: Int
    ) {
        var (empty, begun) = (start, state())
        for member in members {
            let (nextEmpty, nextBegun, value) = (state(), state(), state())
            silent[empty].append(value)
            add(.literal(separator), from: begun, to: value)
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

    /// Searches breadth first from the accepting state, along reversed edges.
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

/// The deterministic automaton of a pattern, whose states are computed when texts need them.
struct ByteStates {
    typealias State = Int

    static let start: State = 0
    /// The state after a text that no accepted text starts with.
    static let dead: State = -1

    private let automaton: ByteAutomaton
    private var members: [[Int]] = []
    private var numbers: [[Int]: State] = [:]
    /// The next state by state and byte; `nil` where it is not computed yet.
    private var targets: [[State?]] = []
    /// Length of the shortest text from each state to acceptance.
    private(set) var distances: [Int] = []

    init(_ pattern: BytePattern) {
        automaton = ByteAutomaton(pattern)
        _ = state(of: automaton.closure(of: [ByteAutomaton.start]))
    }

    func isAccepting(_ state: State) -> Bool { state >= 0 && members[state].contains(ByteAutomaton.accepting) }

    /// Whether some byte may follow.
    func canGoOn(_ state: State) -> Bool {
        state >= 0 && members[state].contains { automaton.edges[$0].contains { automaton.distances[$0.target] != nil } }
    }

    mutating func state(after byte: UInt8, from state: State) -> State {
        if state < 0 { return Self.dead }
        if let known = targets[state][Int(byte)] { return known }
        let reached = members[state].flatMap { automaton.edges[$0].filter { $0.bytes.contains(byte) }.map(\.target) }
        let closure = automaton.closure(of: reached)
        let target = closure.isEmpty ? Self.dead : self.state(of: closure)
        targets[state][Int(byte)] = target
        return target
    }

    /// The text of up to `most` bytes that must follow a state: it ends where several bytes may follow, or where the text may end.
    mutating func onlyText(from start: State, upTo most: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var state = start
        while bytes.count < most, !isAccepting(state), let byte = onlyByte(after: state) {
            bytes.append(byte)
            state = self.state(after: byte, from: state)
        }
        return bytes
    }

    /// The byte that follows a state, where only one may.
    private func onlyByte(after state: State) -> UInt8? {
        guard state >= 0 else { return nil }
        var only: UInt8?
        for member in members[state] {
            for edge in automaton.edges[member] where automaton.distances[edge.target] != nil {
                let byte = edge.bytes.lowerBound
                guard edge.bytes.count == 1, only == nil || only == byte else { return nil }
                only = byte
            }
        }
        return only
    }

    /// The shortest text from a state to acceptance (of several, the first) and the states on its way.
    mutating func completion(of start: State) -> (bytes: [UInt8], states: [State]) {
        var bytes: [UInt8] = []
        var states = [start]
        var state = start
        while distances[state] > 0 {
            var next: (byte: UInt8, state: State)?
            for byte in UInt8.min...UInt8.max where next == nil {
                let target = self.state(after: byte, from: state)
                if target >= 0, distances[target] == distances[state] - 1 { next = (byte, target) }
            }
            guard let next else { break }
            bytes.append(next.byte)
            states.append(next.state)
            state = next.state
        }
        return (bytes, states)
    }

    private mutating func state(of closure: [Int]) -> State {
        if let known = numbers[closure] { return known }
        let number = members.count
        numbers[closure] = number
        members.append(closure)
        targets.append([State?](repeating: nil, count: 256))
        distances.append(closure.compactMap { automaton.distances[$0] }.min() ?? 0)
        return number
    }
}
