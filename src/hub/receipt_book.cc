#include "hub/receipt_book.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace relay {

struct ReceiptBook::Receipt {
  Receipt(ReceiptBook& owner, Handle handle) : book(owner), ticket(handle) {}

  void on_deadline() { book.finish(ticket); }

  ReceiptBook& book;
  const Handle ticket;
  std::unordered_map<std::string, std::string> waiting;  // socket id to owner
  std::size_t named = 0;                                 // recipients that were added
  std::size_t confirmed = 0;
  Position position = 0;             // 0 until accepted
  std::size_t recipients_count = 0;  // once accepted
  Callback callback = {};
  MemberTimer<Receipt, &Receipt::on_deadline> deadline{*this};
};

ReceiptBook::ReceiptBook(EventLoop& loop, std::atomic<unsigned>& open_count)
    : loop_(loop), open_count_(open_count) {}

ReceiptBook::~ReceiptBook() = default;

bool ReceiptBook::open(Handle ticket) {
  if (receipts_.size() >= receipts_max || recipients_ >= recipients_max) {
    probe_.refused.add();
    return false;
  }
  receipts_.emplace(ticket, std::make_unique<Receipt>(*this, ticket));
  open_count_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

std::unique_ptr<ReceiptBook::Receipt> ReceiptBook::take(Handle ticket) {
  const auto found = receipts_.find(ticket);
  if (found == receipts_.end()) return nullptr;
  std::unique_ptr<Receipt> receipt = std::move(found->second);
  receipts_.erase(found);
  recipients_ -= receipt->named;
  open_count_.fetch_sub(1, std::memory_order_relaxed);
  return receipt;
}

void ReceiptBook::abandon(Handle ticket) {
  take(ticket);
}

void ReceiptBook::add_recipients(Handle ticket, std::vector<Recipient> recipients) {
  const auto found = receipts_.find(ticket);
  if (found == receipts_.end()) return;
  Receipt& receipt = *found->second;
  receipt.named += recipients.size();
  recipients_ += recipients.size();
  for (Recipient& recipient : recipients) {
    receipt.waiting.emplace(std::move(recipient.socket_id), std::move(recipient.owner));
  }
}

void ReceiptBook::confirm(Handle ticket, std::string_view socket_id) {
  const auto found = receipts_.find(ticket);
  if (found == receipts_.end()) return;
  Receipt& receipt = *found->second;
  if (receipt.waiting.erase(std::string(socket_id)) == 0) return;
  ++receipt.confirmed;
  finish_if_complete(ticket, receipt);
}

void ReceiptBook::confirm_up_to(std::string_view socket_id, Position position) {
  std::vector<Handle> got;
  for (const auto& [ticket, receipt] : receipts_) {
    if (receipt->position != 0 && receipt->position <= position) got.push_back(ticket);
  }
  for (const Handle ticket : got) confirm(ticket, socket_id);
}

void ReceiptBook::await(Handle ticket, Position position, std::size_t recipients_count, SteadyTime deadline,
                        Callback callback) {
  const auto found = receipts_.find(ticket);
  if (found == receipts_.end()) return;
  Receipt& receipt = *found->second;
  receipt.position = position;
  receipt.recipients_count = recipients_count;
  receipt.callback = std::move(callback);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - loop_.now());
  loop_.timers().arm(receipt.deadline, loop_.now(), std::max(left, std::chrono::milliseconds(0)));
  finish_if_complete(ticket, receipt);
}

void ReceiptBook::finish_all() {
  std::vector<Handle> awaited;
  for (const auto& [ticket, receipt] : receipts_) {
    if (receipt->position != 0) awaited.push_back(ticket);
  }
  for (const Handle ticket : awaited) finish(ticket);
}

// Each worker names its recipients before the log can count them, but by another way: the count may be here
// first.
void ReceiptBook::finish_if_complete(Handle ticket, Receipt& receipt) {
  if (receipt.position != 0 && receipt.confirmed == receipt.recipients_count) finish(ticket);
}

void ReceiptBook::finish(Handle ticket) {
  const std::unique_ptr<Receipt> receipt = take(ticket);
  if (receipt == nullptr) return;
  probe_.confirmed.add(receipt->confirmed);
  probe_.missing.add(receipt->recipients_count - receipt->confirmed);
  ReceiptReport report{.confirmed = receipt->confirmed};
  for (auto& [socket_id, owner] : receipt->waiting) {
    if (report.missing.size() == missing_named_max) break;
    report.missing.push_back({socket_id, std::move(owner)});
  }
  receipt->callback(report);
}

}  // namespace relay
