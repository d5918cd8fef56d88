import CKernels
import Foundation
import Testing

@testable import Engine

struct PortableMathTests {
    @Test func functionsAgreeWithTheCLibrary() {
        for step in -4000...4000 {
            let x = Double(step) * 0.017
            #expect(abs(PortableMath.exp(x) / Foundation.exp(x) - 1) < 1e-14)
            let angle = PortableMath.cosineAndSine(x * 40)
            #expect(abs(angle.cosine - Foundation.cos(x * 40)) < 1e-13)
            #expect(abs(angle.sine - Foundation.sin(x * 40)) < 1e-13)
            let positive = Foundation.exp(x)
            #expect(abs(PortableMath.log(positive) - x) <= 1e-15 * max(1, abs(x)))
        }
        #expect(PortableMath.log(1) == 0)
    }

    @Test func floatExpIsWithinTwoUnitsInTheLastPlace() {
        let x = (0..<20_001).map { Float($0 - 10_000) * 0.0087 }
        var y = [Float](repeating: 0, count: x.count)
        decant_exp(x, &y, x.count)
        for (x, y) in zip(x, y) where x < 88 && x > -87 {
            let expected = Foundation.exp(Double(x))
            #expect(abs(Double(y) - expected) <= 2 * Double(Float(expected).ulp), "exp(\(x))")
        }
    }

    @Test func philoxGivesThePublishedNumbers() {
        #expect(Philox.block(counter: .zero, key: .zero) == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        let ones = Philox.block(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
        #expect(ones == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        let pi = Philox.block(
            counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), key: SIMD2(0xA409_3822, 0x299F_31D0))
        #expect(pi == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test func normalNumbersHaveMean0AndDeviation1AndPermutationsAreComplete() {
        let random = Philox(seed: 1, purpose: .initialization)
        let numbers = (0..<20_000).flatMap { [random.normals($0).0, random.normals($0).1] }
        let mean = numbers.reduce(0, +) / Double(numbers.count)
        let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count)
        #expect(abs(mean) < 0.02)
        #expect(abs(variance - 1) < 0.03)
        let order = random.permutation(1000)
        #expect(order.sorted() == Array(0..<1000))
        #expect(order != Array(0..<1000))
    }
}
