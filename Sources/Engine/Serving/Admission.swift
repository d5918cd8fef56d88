/// Starts requests, first come first served, where a place and enough memory are free.
///
/// A request starts when all blocks that it may need until its end can be had beside what others may need until theirs. So no
/// answer that grows ever lacks memory, and prefixes that nobody uses give way.
struct Admission: SequenceSource {
    /// What is known of an answer beside its sequence.
    struct Open {
        let onEvent: AnswerQueue.Listener
        /// Tokens of the answer that were told of.
        var told = 0
        /// Blocks that the prefix cache has seen.
        var seenBlocks = 0
    }

    private let queue: AnswerQueue
    private let configuration: ModelConfiguration
    private let draftedTokens: Int
    private let keepsPrefixes: Bool
    /// Blocks in use at most.
    let blockLimit: Int
    private(set) var prefixes = PrefixCache()
    /// The answers that were started, by the ticket's number.
    var open: [Int: Open] = [:]
    /// Tokens of prompts that were in the cache.
    private(set) var cachedTokens = 0
    /// The next request, which does not fit yet.
    private var waiting: AnswerQueue.Entry?

    init(_ queue: AnswerQueue, _ configuration: ModelConfiguration, limits: EngineLimits, blockBytes: Int) {
        (self.queue, self.configuration) = (queue, configuration)
        draftedTokens = max(0, limits.draftedTokens)
        keepsPrefixes = limits.keepsPrefixes
        // A border block stays in use while it is copied.
        let longest = CacheBlocks.count(for: configuration.maximumPositions) + 1
        blockLimit = max(longest, limits.cacheBytes / max(1, blockBytes))
    }

    var isWaiting: Bool { waiting != nil }

    mutating func next(beside growing: [GrowingSequence], in cache: CacheBlocks) -> GrowingSequence? {
        guard let entry = waiting ?? queue.takeNext() else { return nil }
        waiting = nil
        let (id, request) = (entry.ticket.id, entry.request)
        var sequence = GrowingSequence(
            request.prompt, id: id, item: request.item, options: request.options, alternatives: request.topLogProbabilities,
            of: configuration)
        var held = 0
        if !sequence.hasEnded {
            guard let start = start(of: sequence, beside: growing, in: cache) else {
                waiting = entry
                return nil
            }
            sequence.begin(with: start)
            held = start.held
        }
        let known = min(held, request.prompt.tokens.count)
        cachedTokens += known
        open[id] = Open(onEvent: entry.onEvent, seenBlocks: held / CacheBlocks.tokens)
        entry.onEvent(.started(cachedTokens: known))
        return sequence
    }

    /// The first blocks of a sequence; `nil` where the memory until its end is not there.
    private mutating func start(
        of sequence: GrowingSequence, beside growing: [GrowingSequence], in cache: CacheBlocks
    ) -> (blocks: [Int], held: Int, copy: BlockCopy?)? {
        let match = prefixes.match(sequence.tokens)
        // What is shared is in use from here on, so that it does not give way to what follows.
        cache.hold(match.blocks)
        if let border = match.border { cache.hold(CollectionOfOne(border)) }
        defer {
            cache.release(match.blocks)
            if let border = match.border { cache.release(CollectionOfOne(border)) }
        }
        let promised = growing.reduce(0) { $0 + $1.promisedBlocks }
        let own = sequence.promisedBlocks - match.blocks.count
        guard cache.runningCount + promised + own <= blockLimit else { return nil }
        let wanted = sequence.wantedBlocks(drafting: draftedTokens)
        prefixes.makeRoom(for: wanted - match.blocks.count, limit: blockLimit, in: cache)
        let (blocks, copy) = cache.table(for: wanted * CacheBlocks.tokens, sharing: match.blocks, border: match.border)
        return (blocks, match.held, copy)
    }

    /// Makes room for the blocks that sequences may take in their next step.
    mutating func makeRoom(for growing: [GrowingSequence], in cache: CacheBlocks) {
        let wanted = growing.reduce(0) { $0 + $1.wantedBlocks(drafting: draftedTokens) }
        prefixes.makeRoom(for: wanted, limit: blockLimit, in: cache)
    }

    /// Gives the whole blocks that sequences read to the prompts that follow.
    mutating func share(_ growing: inout [GrowingSequence], in cache: CacheBlocks) {
        guard keepsPrefixes else { return }
        for place in growing.indices {
            let (id, read) = (growing[place].id, growing[place].read)
            guard let seen = open[id]?.seenBlocks, read / CacheBlocks.tokens > seen else { continue }
            open[id]?.seenBlocks = read / CacheBlocks.tokens
            let tokens = growing[place].tokens.prefix(read)
            prefixes.insert(tokens, blocks: &growing[place].blocks, in: cache)
        }
    }

    /// Takes back the request that does not fit yet, where it is one of these.
    mutating func withdraw(_ tickets: Set<AnswerTicket>) -> Bool {
        guard let ticket = waiting?.ticket, tickets.contains(ticket) else { return false }
        waiting = nil
        return true
    }

    /// All requests that have not started.
    mutating func takeAll() -> [AnswerQueue.Entry] {
        var all: [AnswerQueue.Entry] = []
        if let waiting { all.append(waiting) }
        waiting = nil
        while let entry = queue.takeNext() { all.append(entry) }
        return all
    }
}
