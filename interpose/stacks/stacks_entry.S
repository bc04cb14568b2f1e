/*
 * stacks_entry.S - __tsan_func_entry, __tsan_read1..16 and __tsan_write1..16.
 *
 * TSan's functions take their caller's program counter from the stack, so the way through must be
 * a jump. Five instructions where the caller is not the eval loop:
 *
 *     rax = return address - eval loop       unsigned: below the loop wraps to huge
 *     rax < its size ?  the named access     (address, return address) -> frames.c
 *     else              TSan's own function
 */
	.text

.macro ACCESS op, bytes, index
	.globl	__tsan_\op\bytes
	.type	__tsan_\op\bytes, @function
	.p2align 4
__tsan_\op\bytes:
	movq	(%rsp), %rax
	subq	stacks_eval_low(%rip), %rax
	cmpq	stacks_eval_size(%rip), %rax
	jb	1f
	jmp	*(stacks_real_\op + 8 * \index)(%rip)
1:	movq	(%rsp), %rsi
	jmp	*(stacks_named_\op + 8 * \index)(%rip)
	.size	__tsan_\op\bytes, . - __tsan_\op\bytes

	/* First access of all, from a constructor: look TSan's functions up, then go on. */
first_\op\bytes:
	pushq	%rdi
	call	stacks_resolve
	popq	%rdi
	jmp	*(stacks_real_\op + 8 * \index)(%rip)
.endm

	ACCESS read, 1, 0
	ACCESS read, 2, 1
	ACCESS read, 4, 2
	ACCESS read, 8, 3
	ACCESS read, 16, 4
	ACCESS write, 1, 0
	ACCESS write, 2, 1
	ACCESS write, 4, 2
	ACCESS write, 8, 3
	ACCESS write, 16, 4

	.globl	__tsan_func_entry
	.type	__tsan_func_entry, @function
	.p2align 4
__tsan_func_entry:			/* (return address) */
	movq	%rdi, %rax
	subq	stacks_eval_low(%rip), %rax
	cmpq	stacks_eval_size(%rip), %rax
	jb	1f
	cmpq	stacks_eval_return(%rip), %rdi
	je	1f
	jmp	*stacks_real_func_entry(%rip)
1:	jmp	stacks_named_entry
	.size	__tsan_func_entry, . - __tsan_func_entry

first_func_entry:
	pushq	%rdi
	call	stacks_resolve
	popq	%rdi
	jmp	*stacks_real_func_entry(%rip)

	.data
	.p2align 6
	.globl	stacks_real_func_entry
	.hidden	stacks_real_func_entry
stacks_real_func_entry:
	.quad	first_func_entry
	.globl	stacks_real_read
	.hidden	stacks_real_read
stacks_real_read:
	.quad	first_read1, first_read2, first_read4, first_read8, first_read16
	.globl	stacks_real_write
	.hidden	stacks_real_write
stacks_real_write:
	.quad	first_write1, first_write2, first_write4, first_write8, first_write16

	.section .note.GNU-stack, "", @progbits
