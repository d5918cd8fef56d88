import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

@Suite struct SafeTensorsTests {
    static let tensors: [String: StoredTensor] = [
        "b.weight": StoredTensor([1, -2.5, 3, .infinity, 0, .leastNonzeroMagnitude], shape: [2, 3]),
        "a.codes": StoredTensor([-7, 7, Int32.max], shape: [3]),
        "shape": StoredTensor([Int64(2), 3], shape: [2]),
        "empty": StoredTensor([Float](), shape: [0, 4]),
        "scalar": StoredTensor([Float(4)], shape: []),
    ]

    @Test func whatIsWrittenIsReadBack() throws {
        let file = try SafeTensors(parsing: SafeTensors.serialize(Self.tensors))
        #expect(try file.allTensors() == Self.tensors)
        #expect(file.metadata == ["format": "pt"])
        #expect(file.names == ["a.codes", "b.weight", "empty", "scalar", "shape"])
        #expect(try file.floats("b.weight") == [1, -2.5, 3, .infinity, 0, .leastNonzeroMagnitude])
        #expect(try file.tensor("shape").integers() == [2, 3])
    }

    @Test func theLayoutIsExactlyThat() throws {
        let bytes = SafeTensors.serialize(["w": StoredTensor([Float(1)], shape: [1])])
        let header = #"{"__metadata__":{"format":"pt"},"w":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}}"#
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        #expect(Array(bytes) == [UInt8(padded.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(padded.utf8) + [0, 0, 0x80, 0x3F])
    }

    @Test func halfPrecisionIsWidenedExactly() {
        func float16(_ bits: UInt16) -> Float { HalfPrecision.float(fromFloat16: bits) }
        #expect(float16(0x3C00) == 1)
        #expect(float16(0xC000) == -2)
        #expect(float16(0x7BFF) == 65504)
        #expect(float16(0x0001) == Float(sign: .plus, exponent: -24, significand: 1))
        #expect(float16(0x83FF) == -Float(1023) * Float(sign: .plus, exponent: -24, significand: 1))
        #expect(float16(0x8000).bitPattern == 0x8000_0000)
        #expect(float16(0xFC00) == -.infinity)
        #expect(float16(0x7E00).isNaN)
        #expect(HalfPrecision.float(fromBFloat16: 0xC040) == -3)
        for bits in UInt16.min..<0x7C00 {
            #expect(float16(bits) < float16(bits + 1))
        }
    }

    @Test(arguments: [
        (
            #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
            "tensor 'w' has 4 bytes, which do not make F32 of shape [2]"
        ),
        (#"{"w":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}}"#, "tensor 'w' has the unknown dtype 'F7'"),
        (#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "tensor 'w' has no shape of non-negative integers"),
        (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "tensor 'w' has no data_offsets [begin, end]"),
        (
            #"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
            "tensor 'w' has 4 bytes, which do not make F32 of shape [4611686018427387904, 4]"
        ),
        (
            #"{"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
            "its header describes 8 bytes of data and the file holds 4"
        ),
        (
            #"{"v":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"w":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
            "tensor 'w' overlaps another tensor"
        ),
        (#"{"w":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#, "tensor 'w' does not follow the tensor before it"),
        (#"{"w":1,"w":2}"#, "its header is not JSON: line 1, column 8: the key 'w' stands twice in one object"),
        ("[]", "its header is not a JSON object"),
        (#"{"__metadata__":{"a":1}}"#, "its __metadata__ is not an object of strings"),
        (#"{"w":[[[[[[[[[[]]]]]]]]]]}"#, "its header is not JSON: line 1, column 13: nested deeper than 8 levels"),
    ])
    func aWrongHeaderIsNamed(header: String, fault: String) {
        var file = Data([UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0])
        file.append(contentsOf: header.utf8)
        file.append(contentsOf: [0, 0, 0, 0])
        #expect(throws: ModelFileError(file: "model.safetensors", reason: "the file is damaged: " + fault)) {
            try SafeTensors(parsing: file)
        }
    }

    @Test func everyTruncationIsAnError() {
        let bytes = SafeTensors.serialize(Self.tensors)
        for length in 0..<bytes.count {
            #expect(throws: ModelFileError.self) { try SafeTensors(parsing: bytes.prefix(length)) }
        }
        #expect(throws: ModelFileError.self) { try SafeTensors(parsing: bytes + [0]) }
        #expect(throws: ModelFileError.self) { try SafeTensors(parsing: Data(repeating: 0xFF, count: 64)) }
    }

    /// Random damage gives an error or a file whose every tensor is whole; never a crash.
    @Test func randomDamageNeverCrashes() throws {
        let bytes = SafeTensors.serialize(Self.tensors)
        var random = TestRandom(seed: 7)
        var refused = 0
        for _ in 0..<4000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let position = Int.random(in: 0..<min(damaged.count, 420), using: &random)
                damaged[position] = Bool.random(using: &random) ? UInt8.random(in: 0...255, using: &random) : UInt8(ascii: "9")
            }
            do {
                let file = try SafeTensors(parsing: damaged)
                for name in file.names {
                    let tensor = try file.tensor(name)
                    #expect(tensor.bytes.count == tensor.shape.reduce(tensor.elementType.size, *))
                }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 2000)
    }

    @Test func aMissingTensorOrAWrongShapeIsNamed() throws {
        let file = try SafeTensors(parsing: SafeTensors.serialize(Self.tensors))
        #expect(throws: ModelFileError(file: "model.safetensors", reason: "there is no tensor 'c'")) { try file.floats("c") }
        #expect(
            throws: ModelFileError(
                file: "model.safetensors", reason: "tensor 'b.weight' has shape [2, 3] where config.json asks for [3, 2]")
        ) { try file.check("b.weight", shape: [3, 2]) }
        #expect(
            throws: ModelFileError(
                file: "model.safetensors", reason: "tensor 'a.codes' holds I32 where F32, F16 or BF16 is expected")
        ) { try file.floats("a.codes") }
    }
}
