import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// Files that lie about themselves: each either is read whole or is refused by name and reason, and nothing is allocated for
/// a size that only the file claims.
@Suite struct HostileModelFileTests {
    /// Bytes of a header with one tensor, and the data.
    private static func file(
        magic: String = "GGUF", version: UInt32 = 3, tensors: UInt64 = 1, entries: UInt64 = 0, metadata: [UInt8] = [],
        name: String = "w", rank: UInt32? = nil, shape: [UInt64] = [4], type: UInt32 = 0, offset: UInt64 = 0, data: Int = 16
    ) -> Data {
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
        var file = Array(magic.utf8) + bytes(version) + bytes(tensors) + bytes(entries) + metadata
        file += bytes(UInt64(name.utf8.count)) + Array(name.utf8) + bytes(rank ?? UInt32(shape.count))
        for extent in shape { file += bytes(extent) }
        file += bytes(type) + bytes(offset)
        file += GGUFHeader.padding(after: file.count) + [UInt8](repeating: 1, count: data)
        return Data(file)
    }

    /// An entry of the metadata: its key, and the bytes of its type and value.
    private static func entry(_ key: String, _ value: [UInt8]) -> [UInt8] {
        [UInt8(key.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(key.utf8) + value
    }

    private static let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]

    @Test func aFileThatIsRightIsRead() throws {
        let file = try GGUFFile(parsing: Self.file())
        #expect(file.tensors["w"]?.shape == [4])
        #expect(try GGUFFile(parsing: Self.file(version: 2, shape: [2, 2])).tensors["w"]?.shape == [2, 2])
    }

    @Test(arguments: [
        (file(magic: "GGML"), "it does not begin with 'GGUF'"),
        (file(version: 1), "its version is 1, and 2 and 3 can be read"),
        (file(version: UInt32(3).byteSwapped), "it is of a big-endian machine"),
        (file(tensors: .max), "it claims 18446744073709551615 tensors, more than it can hold"),
        (file(tensors: 3), "it claims 3 tensors, more than it can hold"),
        (file(entries: 1 << 40), "it claims 1099511627776 metadata entries, more than it can hold"),
        (file(shape: []), "tensor 'w' has 0 dimensions"),
        (file(shape: [1, 1, 1, 1, 1]), "tensor 'w' has 5 dimensions"),
        (file(rank: .max), "tensor 'w' has 4294967295 dimensions"),
        (file(shape: [0]), "tensor 'w' has an extent of zero or beyond all limits"),
        (file(shape: [.max]), "tensor 'w' has an extent of zero or beyond all limits"),
        (
            file(shape: [1 << 40, 1 << 40]),
            "tensor 'w' of shape [1099511627776, 1099511627776] does not divide into blocks of F32"
        ),
        (file(shape: [1 << 61]), "tensor 'w' of shape [2305843009213693952] does not divide into blocks of F32"),
        (file(shape: [31], type: 2), "tensor 'w' of shape [31] does not divide into blocks of Q4_0"),
        (file(type: 22), "tensor 'w' is stored as IQ2_S; the types that can be read are \(GGUFTensorType.readable)"),
        (file(type: 99), "tensor 'w' has the unknown type 99"),
        (file(offset: 8), "tensor 'w' starts at 8, which is no multiple of the alignment 32"),
        (file(offset: 1 << 63), "tensor 'w' starts at 9223372036854775808, which is no multiple of the alignment 32"),
        (
            file(offset: UInt64(Int.max) - 31),
            "tensor 'w' ends behind the end of the file"
        ),
        (file(offset: 32), "tensor 'w' ends behind the end of the file"),
        (file(data: 15), "tensor 'w' ends behind the end of the file"),
        (file(entries: 1, metadata: entry("k", [99, 0, 0, 0])), "'k' has the unknown type 99"),
        (file(entries: 1, metadata: entry("k", [7, 0, 0, 0, 2])), "a truth value of its header is 2"),
        (
            file(entries: 1, metadata: entry("k", [8, 0, 0, 0] + huge)),
            "it claims 9223372036854775807 bytes of a string, more than it can hold"
        ),
        (
            file(entries: 1, metadata: entry("k", [9, 0, 0, 0, 8, 0, 0, 0] + huge)),
            "it claims 9223372036854775807 elements of an array, more than it can hold"
        ),
        (
            file(entries: 1, metadata: entry("k", [9, 0, 0, 0, 77, 0, 0, 0] + huge)),
            "an array of its header has the unknown type 77"
        ),
        (
            file(entries: 2, metadata: entry("k", [7, 0, 0, 0, 1]) + entry("k", [7, 0, 0, 0, 1])),
            "'k' stands twice in its header"
        ),
        (
            file(entries: 1, metadata: entry("general.alignment", [4, 0, 0, 0, 24, 0, 0, 0])),
            "general.alignment is not a power of two"
        ),
        (
            file(entries: 1, metadata: entry("general.alignment", [4, 0, 0, 0, 0, 0, 0, 0])),
            "general.alignment is not a power of two"
        ),
        (
            file(
                entries: 1,
                metadata: entry(
                    "k", [9, 0, 0, 0] + [UInt8]((0..<20).flatMap { _ in [9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0] }))),
            "its arrays are nested deeper than 4 levels"
        ),
    ])
    func aWrongHeaderIsNamed(file: Data, fault: String) {
        // A type that only other programs read is no damage.
        let reason = fault.contains("the types that can be read are") ? fault : "the file is damaged: " + fault
        #expect(throws: ModelFileError(file: "model.gguf", reason: reason)) { try GGUFFile(parsing: file) }
    }

    @Test func overlappingAndRepeatedTensorsAreRefused() throws {
        var header = GGUFHeader()
        header.add(tensor: "a", .f32, shape: [16])
        header.add(tensor: "b", .f32, shape: [16])
        let good = Data(header.bytes + [UInt8](repeating: 0, count: 128))
        #expect(try GGUFFile(parsing: good).names == ["a", "b"])
        var overlapping = good
        // The offset of 'b' stands in the header's last entry.
        let place = try #require(good.firstRange(of: [UInt8(ascii: "b"), 1, 0, 0, 0])).lowerBound + 1 + 4 + 8 + 4
        #expect(good[place] == 64)
        overlapping[place] = 32
        #expect(throws: ModelFileError(file: "model.gguf", reason: "the file is damaged: tensor 'b' overlaps another tensor")) {
            try GGUFFile(parsing: overlapping)
        }
        var repeated = good
        repeated[place - 17] = UInt8(ascii: "a")
        #expect(
            throws: ModelFileError(file: "model.gguf", reason: "the file is damaged: tensor 'a' stands twice in its header")
        ) {
            try GGUFFile(parsing: repeated)
        }
    }

    // MARK: Random damage

    /// Runs `read` on many damaged versions of a file; what it throws must name the file and say something.
    private static func fuzz(
        _ content: Data, rounds: Int, within limit: Int, seed: UInt64, _ read: (Data) throws -> Void
    ) -> (read: Int, refused: Int) {
        var random = TestRandom(seed: seed)
        var counts = (read: 0, refused: 0)
        for _ in 0..<rounds {
            var damaged = content
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = damaged.startIndex + Int.random(in: 0..<min(damaged.count, limit), using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: damaged[place] = 0xFF
                case 1: damaged[place] = 0
                case 2: damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 3: damaged.removeSubrange(place..<min(place + Int.random(in: 1...9, using: &random), damaged.endIndex))
                case 4: damaged.insert(contentsOf: damaged.prefix(Int.random(in: 1...9, using: &random)), at: place)
                default: damaged[place] = UInt8.random(in: 0...255, using: &random)
                }
                if damaged.isEmpty { damaged = content }
            }
            do {
                try read(damaged)
                counts.read += 1
            } catch let error as ModelFileError {
                #expect(!error.file.isEmpty && !error.reason.isEmpty)
                counts.refused += 1
            } catch let error as ModelConfigurationError {
                #expect(!error.field.isEmpty && !error.reason.isEmpty)
                counts.refused += 1
            } catch {
                Issue.record("an error of another kind: \(error)")
            }
        }
        return counts
    }

    @Test func damagedGGUFFilesAreReadOrRefused() throws {
        let folder = try SmallModel.folder(try SmallModel.model(.llama))
        try folder.model.writeGGUF(to: folder.file("model.gguf"), .q8_0, name: "small")
        let content = try Data(contentsOf: folder.file("model.gguf"))
        let header = content.count - (try GGUFFile(parsing: content)).tensors.values.reduce(0) { $0 + $1.range.count }
        // Everywhere in the header, and again where the counts and the model's shape stand.
        for (rounds, limit) in [(12_000, header), (12_000, 1200)] {
            let counts = Self.fuzz(content, rounds: rounds, within: limit, seed: 5) {
                _ = try GGUFFile(parsing: $0).configuration()
            }
            #expect(counts.read > 100 && counts.refused > 1000)
        }
        let models = Self.fuzz(content, rounds: 1500, within: header, seed: 6) { content in
            let file = try GGUFFile(parsing: content)
            _ = try file.model()
            try file.writeTokenizer(to: folder.url)
        }
        #expect(models.read > 10 && models.refused > 100)
    }

    @Test func damagedSafetensorsFilesAreReadOrRefused() throws {
        let model = try SmallModel.model(.qwen2)
        let folder = try SmallModel.folder(model)
        let content = try Data(contentsOf: folder.file("model.safetensors"))
        let length = content.count - 4 * model.parameterCount
        let counts = Self.fuzz(content, rounds: 12_000, within: length, seed: 7) { content in
            let file = try SafeTensors(parsing: content)
            for name in file.names.prefix(3) { _ = try file.tensor(name) }
        }
        #expect(counts.refused > 5000)
        let models = Self.fuzz(content, rounds: 1500, within: length, seed: 8) { content in
            _ = try WeightFiles(SafeTensors(parsing: content)).model(model.configuration)
        }
        #expect(models.refused > 1000)
    }

    @Test func damagedIndexesAreReadOrRefused() throws {
        let names = (0..<40).map { "model.layers.\($0).self_attn.q_proj.weight" }
        let map = Dictionary(uniqueKeysWithValues: names.map { ($0, JSON.string("model-00001-of-00002.safetensors")) })
        let content = Data(JSON.object(["metadata": ["total_size": 1], "weight_map": .object(map)]).prettyText.utf8)
        let counts = Self.fuzz(content, rounds: 12_000, within: content.count, seed: 9) { content in
            let map = try WeightMap(parsing: content)
            // Whatever a name has become, it stays in the folder.
            for file in map.files { #expect(!file.contains("/") && !file.hasPrefix(".") && file.hasSuffix(".safetensors")) }
        }
        #expect(counts.read > 500 && counts.refused > 1000)
    }

    @Test func damagedConfigurationsAreReadOrRefused() throws {
        let scaling = try SmallModel.llama3Scaling()
        let json = try SmallModel.model(.llama, tied: false, headDimension: 24, scaling: scaling).configuration.json
        let counts = Self.fuzz(Data(json.canonicalBytes), rounds: 20_000, within: 2000, seed: 10) { content in
            guard let json = try? JSON(parsing: content) else {
                throw ModelFileError(file: "config.json", reason: "the file is not JSON")
            }
            _ = try ModelConfiguration(json: json)
        }
        #expect(counts.read > 500 && counts.refused > 1000)
    }
}
