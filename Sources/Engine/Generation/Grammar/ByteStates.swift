/// The deterministic automaton of a pattern, made state by state as texts ask for them.
struct ByteStates {
    typealias State = Int

    static let start: State = 0
    /// No accepted text begins like this.
    static let dead: State = -1

    private let automaton: ByteAutomaton
    private var members: [[Int]] = []
    private var numbers: [[Int]: State] = [:]
    /// By state and byte; `nil` where nobody has asked yet.
    private var targets: [[State?]] = []
    /// Bytes of the shortest text from each state to acceptance.
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

    /// The shortest text from a state to acceptance, of several the first: what is left of it belongs to each state on its way.
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
