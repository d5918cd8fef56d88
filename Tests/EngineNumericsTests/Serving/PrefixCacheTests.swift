import Testing

@testable import Engine

struct PrefixCacheTests {
    private let cache: CacheBlocks

    init() throws { cache = CacheBlocks(try Fixture.configuration()) }

    /// Blocks of a sequence that was read and is still in use.
    private func read(_ tokens: [Int32], into prefixes: inout PrefixCache) -> [Int] {
        var blocks = (0..<CacheBlocks.count(for: tokens.count)).map { _ in cache.take() }
        prefixes.insert(tokens[...], blocks: &blocks, in: cache)
        return blocks
    }

    @Test func theLongestBeginningIsFoundButForTheLastToken() {
        var prefixes = PrefixCache()
        let tokens = (0..<40).map { Int32($0) }
        let blocks = read(tokens, into: &prefixes)
        #expect(prefixes.count == 2)
        func check(_ tokens: [Int32], _ held: Int, blocks expected: [Int], border: Int?) {
            let match = prefixes.match(tokens)
            #expect(match.held == held && match.blocks == expected && match.border == border)
        }
        check(tokens, 32, blocks: Array(blocks.prefix(2)), border: nil)
        check(Array(tokens.prefix(33)), 32, blocks: Array(blocks.prefix(2)), border: nil)
        check(Array(tokens.prefix(32)), 31, blocks: [blocks[0]], border: blocks[1])
        check(tokens.prefix(18) + [99, 99], 18, blocks: [blocks[0]], border: blocks[1])
        check(tokens.prefix(16) + [99, 99], 16, blocks: [blocks[0]], border: nil)
        check([0, 1, 99], 2, blocks: [], border: blocks[0])
        check([99, 1], 0, blocks: [], border: nil)
        check([0], 0, blocks: [], border: nil)
    }

    /// Against a search through all sequences, with few tokens so that many begin alike.
    @Test func whatIsFoundIsWhatASearchThroughAllFinds() {
        var prefixes = PrefixCache()
        var known: [[Int32]] = []
        let random = Philox(seed: 3, purpose: .shuffling)
        for number in 0..<120 {
            let words = random.words(UInt32(number))
            let base = known.isEmpty ? [] : known[Int(words[0]) % known.count].prefix(Int(words[1] % 60))
            let tail = (0..<1 + Int(words[2] % 40)).map { Int32(random.words(UInt32(1000 + number * 64 + $0))[0] % 2) }
            let tokens = base + tail
            let expected = known.map { earlier in
                SharedStarts.common(Array(earlier.prefix(earlier.count / 16 * 16)), Array(tokens), upTo: tokens.count - 1)
            }
            #expect(prefixes.match(Array(tokens)).held == expected.max() ?? 0)
            _ = read(Array(tokens), into: &prefixes)
            known.append(Array(tokens))
        }
    }

    @Test func equalBlocksAreKeptOnce() {
        var prefixes = PrefixCache()
        let tokens = (0..<32).map { Int32($0) }
        let first = read(tokens, into: &prefixes)
        let second = read(tokens, into: &prefixes)
        #expect(first == second && prefixes.count == 2 && cache.heldCount == 2)
        cache.release(first)
        #expect(cache.idleCount == 0 && cache.runningCount == 2)
        cache.release(second)
        #expect(cache.idleCount == 2 && cache.runningCount == 0 && cache.heldCount == 2)
    }

    @Test func theLeastRecentlyUsedGoesFirstAndNothingInUseGoes() {
        var prefixes = PrefixCache()
        let heads = (0..<4).map { head in (0..<32).map { Int32(100 * head + $0) } }
        var blocks = heads.map { read($0, into: &prefixes) }
        for place in [0, 1, 2] { cache.release(blocks[place]) }
        // The first is used again.
        _ = prefixes.match(heads[0])
        prefixes.makeRoom(for: 3, limit: 10, in: cache)
        #expect(cache.heldCount == 7)
        // The end of the oldest went, not its beginning.
        #expect(prefixes.match(heads[1] + [1]).held == 16)
        prefixes.makeRoom(for: 7, limit: 10, in: cache)
        #expect(cache.heldCount == 3)
        #expect(prefixes.match(heads[2] + [1]).held == 0)
        #expect(prefixes.match(heads[0] + [1]).held == 0 && prefixes.match(heads[1] + [1]).held == 16)
        // What is in use stays, however much is asked for.
        prefixes.makeRoom(for: 1000, limit: 10, in: cache)
        #expect(cache.heldCount == 2 && cache.idleCount == 0)
        #expect(prefixes.match(heads[3] + [1]).blocks == blocks[3])
        // A block that was dropped is taken again.
        blocks[0] = read(heads[0], into: &prefixes)
        #expect(prefixes.match(heads[0] + [1]).held == 32 && cache.heldCount == 4)
    }
}
