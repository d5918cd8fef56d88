/// What an engine may take of the machine, and how it goes about it. Nothing here changes an answer.
package struct EngineLimits: Hashable, Sendable {
    /// Answers that grow at the same time.
    package var places: Int
    /// Requests that wait for a place; one more is refused.
    package var waiting: Int
    /// Bytes of keys and values, of what runs and of prefixes that are kept. The longest sequence always has room.
    package var cacheBytes: Int
    /// Tokens of prompts that are read in one step: a long prompt holds others up for no more than such a step.
    package var promptTokensPerStep: Int
    /// Tokens that are drafted for an answer in one step at most; 0 drafts none.
    package var draftedTokens: Int
    /// Whether what prompts have in common is kept for those that follow.
    package var keepsPrefixes = true

    package init(
        places: Int = 64, waiting: Int = 256, cacheBytes: Int = 1 << 30, promptTokensPerStep: Int = 64, draftedTokens: Int = 16
    ) {
        (self.places, self.waiting, self.cacheBytes) = (places, waiting, cacheBytes)
        (self.promptTokensPerStep, self.draftedTokens) = (promptTokensPerStep, draftedTokens)
    }
}

/// What an engine does and has done.
package struct EngineFigures: Hashable, Sendable {
    /// Requests that wait for a place, and answers that grow.
    package var waiting = 0
    package var running = 0
    /// Blocks of sixteen tokens: those that answers hold, those that later prompts may share, and those that are left.
    package var blocksHeld = 0
    package var blocksShared = 0
    package var blocksFree = 0
    /// Bytes of a block.
    package var blockBytes = 0
    /// Tokens that the model read, drafted ones included, and tokens of answers.
    package var tokensRead = 0
    package var tokensMade = 0
    /// Tokens of prompts that were not read, because their keys and values were there.
    package var cachedTokens = 0
    package var steps = 0
    /// Drafted tokens, and those of them that were chosen.
    package var draftedTokens = 0
    package var acceptedTokens = 0
    /// Answers that ended, that were cancelled, and that failed.
    package var ended = 0
    package var cancelled = 0
    package var failed = 0

    package init() {}
}
